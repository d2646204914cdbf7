import type { MetadataSearchDto } from '#contracts/api/search.ts'
import { Sha1 } from '#contracts/checksum.ts'
import { AppError } from '#contracts/errors.ts'
import type { SearchFilter } from '#db/queries/search-filter.ts'
import { requireElevation } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'

type Query = Partial<
  Omit<MetadataSearchDto, 'page' | 'cursor' | 'size' | 'order' | 'withPeople' | 'withStacked'>
> & { minFileSize?: number | undefined }

/** There are no tags, no external libraries and no text read from pictures: nothing has any, and everything has none. */
function isUnknown({ tagIds, libraryId, ocr, type }: Query): boolean {
  const hasType = type === undefined || type === 'IMAGE' || type === 'VIDEO'
  return Boolean(tagIds?.length) || Boolean(libraryId) || Boolean(ocr?.trim()) || !hasType
}

function checksumOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  const parsed = Sha1.safeParse(text)
  if (!parsed.success)
    throw new AppError('bad_request', 'checksum must be a SHA-1 in hex or base64')
  return parsed.data
}

/** What a query asks of the viewer's library. The locked folder is searched by those who have opened it, alone. */
export function filterOf(viewer: Viewer, query: Query): SearchFilter {
  requireElevation(viewer, query.visibility)
  const { checksum, type, minFileSize, libraryId, tagIds, ocr, withExif, ...same } = query
  return {
    ...same,
    checksum: checksumOf(checksum),
    type: type === 'IMAGE' || type === 'VIDEO' ? type : undefined,
    minSizeBytes: minFileSize,
    isUnknown: isUnknown({ tagIds, libraryId, ocr, type }),
  }
}
