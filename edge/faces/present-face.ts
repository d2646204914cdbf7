import type { AssetFaceResponseDto } from '#contracts/api/faces.ts'
import type { Face } from '#db/queries/faces.ts'
import { presentPerson } from '../people/present-person.ts'

export function presentFace({ person, ...face }: Face): AssetFaceResponseDto {
  return {
    id: face.id,
    person: person && presentPerson(person),
    sourceType: face.sourceType,
    imageWidth: face.imageWidth,
    imageHeight: face.imageHeight,
    boundingBoxX1: face.boundingBoxX1,
    boundingBoxY1: face.boundingBoxY1,
    boundingBoxX2: face.boundingBoxX2,
    boundingBoxY2: face.boundingBoxY2,
  }
}
