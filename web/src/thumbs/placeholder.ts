import { thumbHashToRGBA } from 'thumbhash'

const REMEMBERED = 600
const remembered = new Map<string, ImageData>()

function decode(thumbhash: string): ImageData {
  const known = remembered.get(thumbhash)
  if (known) return known
  const bytes = Uint8Array.from(atob(thumbhash), (character) => character.charCodeAt(0))
  const { w, h, rgba } = thumbHashToRGBA(bytes)
  const image = new ImageData(new Uint8ClampedArray(rgba), w, h)
  if (remembered.size >= REMEMBERED) {
    const [oldest] = remembered.keys()
    if (oldest !== undefined) remembered.delete(oldest)
  }
  remembered.set(thumbhash, image)
  return image
}

/** Attachment: paints the blurred colours of a picture, before the first byte of the picture itself is asked for. */
export function placeholder(thumbhash: string | null) {
  return (canvas: HTMLCanvasElement) => {
    if (!thumbhash) return
    try {
      const image = decode(thumbhash)
      canvas.width = image.width
      canvas.height = image.height
      canvas.getContext('2d')?.putImageData(image, 0, 0)
    } catch {
      // A hash that cannot be read leaves the tile grey.
    }
  }
}
