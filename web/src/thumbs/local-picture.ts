/**
 * Pictures of files that this page itself brought: shown until the server has made a thumbnail, so that a tile
 * is never grey while its file is at hand. Decoded small, one after another, and only while a tile wants them.
 */
const files = new Map<string, File>()
const EDGE_PX = 360
const MOST_REMEMBERED = 3_000

let queue: Promise<void> = Promise.resolve()

export function rememberFile(assetId: string, file: File) {
  if (files.has(assetId)) return
  if (files.size >= MOST_REMEMBERED) {
    const [oldest] = files.keys()
    if (oldest !== undefined) files.delete(oldest)
  }
  files.set(assetId, file)
}

export const hasLocalPicture = (assetId: string) => files.has(assetId)

export function localPicture(assetId: string) {
  return (canvas: HTMLCanvasElement) => {
    const file = files.get(assetId)
    if (!file?.type.startsWith('image/')) return
    let isWanted = true
    queue = queue.then(async () => {
      if (!isWanted) return
      try {
        const bitmap = await createImageBitmap(file, {
          resizeHeight: EDGE_PX,
          resizeQuality: 'medium',
        })
        canvas.width = bitmap.width
        canvas.height = bitmap.height
        canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
        bitmap.close()
      } catch {
        // Not every browser decodes every format (HEIC); the server will.
      }
    })
    return () => {
      isWanted = false
    }
  }
}
