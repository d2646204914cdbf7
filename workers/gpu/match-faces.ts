import type { StoredFace } from '#db/queries/model-work.ts'
import type { Box, FoundFace } from './inference/engine.ts'

/** More than half in common is the same face. Immich's limit. */
const SAME_FROM = 0.5

type Pair = { found: FoundFace; stored: StoredFace }
export type FaceMatches = { matched: Pair[]; added: FoundFace[]; lost: StoredFace[] }

/** Boxes are compared as shares of their pictures: a preview may have had another size. */
export function matchFaces(
  { faces, width, height }: { faces: FoundFace[]; width: number; height: number },
  known: StoredFace[],
): FaceMatches {
  const pairs = faces
    .flatMap((found) => {
      const box = scaled(found.box, width, height)
      return known.map((stored) => ({ found, stored, overlap: overlapOf(box, boxOf(stored)) }))
    })
    .filter(({ overlap }) => overlap > SAME_FROM)
    .sort((a, b) => b.overlap - a.overlap)
  const matched: Pair[] = []
  const taken = new Set<FoundFace | StoredFace>()
  for (const { found, stored } of pairs) {
    if (taken.has(found) || taken.has(stored)) continue
    taken.add(found).add(stored)
    matched.push({ found, stored })
  }
  return {
    matched,
    added: faces.filter((found) => !taken.has(found)),
    lost: known.filter((stored) => !taken.has(stored)),
  }
}

const scaled = ({ x1, y1, x2, y2 }: Box, width: number, height: number): Box => ({
  x1: x1 / width,
  y1: y1 / height,
  x2: x2 / width,
  y2: y2 / height,
})

function boxOf(face: StoredFace): Box {
  const { boundingBoxX1: x1, boundingBoxY1: y1, boundingBoxX2: x2, boundingBoxY2: y2 } = face
  return scaled({ x1, y1, x2, y2 }, face.imageWidth, face.imageHeight)
}

const areaOf = ({ x1, y1, x2, y2 }: Box) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1)

/** What two boxes have in common, of what they cover together. */
function overlapOf(a: Box, b: Box): number {
  const common = areaOf({
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
    x2: Math.min(a.x2, b.x2),
    y2: Math.min(a.y2, b.y2),
  })
  const covered = areaOf(a) + areaOf(b) - common
  return covered > 0 ? common / covered : 0
}
