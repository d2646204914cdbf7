/** Where ArcFace's recognition expects eyes, nose and corners of the mouth in its 112 by 112 pixels. */
const EXPECTED: [number, number][] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]
export const FACE_EDGE_PX = 112
const CHANNELS = 3

type Point = [number, number]
type Picture = { pixels: Uint8Array; width: number; height: number }

/** x' = a·x - b·y + dx and y' = b·x + a·y + dy: turns, scales and shifts, and never mirrors. */
type Similarity = { a: number; b: number; dx: number; dy: number }

/**
 * The similarity that brings one set of points nearest to another by least squares. In the plane that is what
 * Umeyama's method gives without a reflection, without a singular value decomposition.
 */
export function similarityBetween(from: Point[], to: Point[]): Similarity {
  const [fromX, fromY] = centreOf(from)
  const [toX, toY] = centreOf(to)
  let [along, across, spread] = [0, 0, 0]
  for (const [index, point] of from.entries()) {
    const [x, y] = [point[0] - fromX, point[1] - fromY]
    const [u, v] = [(to[index]?.[0] ?? 0) - toX, (to[index]?.[1] ?? 0) - toY]
    along += x * u + y * v
    across += x * v - y * u
    spread += x * x + y * y
  }
  const [a, b] = spread > 0 ? [along / spread, across / spread] : [0, 0]
  return { a, b, dx: toX - a * fromX + b * fromY, dy: toY - b * fromX - a * fromY }
}

function centreOf(points: Point[]): Point {
  const sum = points.reduce((total, [x, y]) => [total[0] + x, total[1] + y] as Point, [0, 0])
  return [sum[0] / points.length, sum[1] / points.length]
}

type Destination = { values: Float32Array; offset: number; mean: number; std: number }

/**
 * Writes a face, upright and in its expected place, as the recognition takes it: channel by channel, from 0..255 to
 * (value - mean) / std. Between pixels it is bilinear; what lies outside the picture is black.
 */
export function writeAlignedFace(
  picture: Picture,
  landmarks: Point[],
  { values, offset, mean, std }: Destination,
): void {
  // From the face back into the picture, since each pixel of the face asks where it comes from.
  const { a, b, dx, dy } = similarityBetween(EXPECTED, landmarks)
  const plane = FACE_EDGE_PX * FACE_EDGE_PX
  for (let row = 0; row < FACE_EDGE_PX; row += 1) {
    for (let column = 0; column < FACE_EDGE_PX; column += 1) {
      const x = a * column - b * row + dx
      const y = b * column + a * row + dy
      const at = offset + row * FACE_EDGE_PX + column
      for (let channel = 0; channel < CHANNELS; channel += 1)
        values[at + channel * plane] = (sample(picture, x, y, channel) - mean) / std
    }
  }
}

function sample({ pixels, width, height }: Picture, x: number, y: number, channel: number) {
  const left = Math.floor(x)
  const top = Math.floor(y)
  if (left < -1 || top < -1 || left >= width || top >= height) return 0
  const pixel = (column: number, row: number) =>
    column < 0 || row < 0 || column >= width || row >= height
      ? 0
      : (pixels[(row * width + column) * CHANNELS + channel] ?? 0)
  const right = x - left
  const lower = y - top
  const above = pixel(left, top) * (1 - right) + pixel(left + 1, top) * right
  const below = pixel(left, top + 1) * (1 - right) + pixel(left + 1, top + 1) * right
  return above * (1 - lower) + below * lower
}
