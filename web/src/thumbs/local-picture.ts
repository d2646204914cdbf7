/**
 * Pictures of files that this page itself brought: shown until the server has made a thumbnail, so that a tile
 * is never grey while its file is at hand. Decoded small, one after another, and only while a tile wants them.
 */
const files = new Map<string, File>()
const HEIGHT_PX = 360
const MOST_WIDTH_PX = 1_440
/** What is larger takes gigabytes to decode, and the page stands still meanwhile. */
const MOST_PIXELS = 120_000_000
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

type Size = { width: number; height: number }

/** How large a picture is drawn; undefined for one that is left to the server. */
export function localSize({ width, height }: Size): Size | undefined {
  if (width * height === 0 || width * height > MOST_PIXELS) return undefined
  const scale = Math.min(1, HEIGHT_PX / height, MOST_WIDTH_PX / width)
  const scaled = (px: number) => Math.max(1, Math.round(px * scale))
  return { width: scaled(width), height: scaled(height) }
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
        const size = localSize(await sizeOf(file))
        if (!size) return
        const bitmap = await createImageBitmap(file, {
          resizeWidth: size.width,
          resizeHeight: size.height,
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

/** Browsers read an image's size with its header, and decode it only when it is painted. */
async function sizeOf(file: File): Promise<Size> {
  const image = new Image()
  const url = URL.createObjectURL(file)
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve
      image.onerror = reject
      image.src = url
    })
    return { width: image.naturalWidth, height: image.naturalHeight }
  } finally {
    URL.revokeObjectURL(url)
  }
}
