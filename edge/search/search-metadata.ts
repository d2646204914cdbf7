import type { MetadataSearchDto, SearchResponseDto } from '#contracts/api/search.ts'
import { listFoundAssets } from '#db/queries/search.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { DatePosition, decodeCursor, encodeCursor } from './cursor.ts'
import { filterOf } from './filter-of.ts'
import { presentFound, presentSearch } from './present-search.ts'

const DEFAULT_SIZE = 250

export async function searchMetadata(
  { db }: Pick<Deps, 'db'>,
  viewer: Viewer,
  {
    page = 1,
    cursor,
    size = DEFAULT_SIZE,
    order,
    withPeople,
    withStacked,
    ...query
  }: MetadataSearchDto,
): Promise<SearchResponseDto> {
  const position = cursor === undefined ? undefined : decodeCursor(DatePosition, cursor)
  const found = await listFoundAssets(db, {
    ...assetViewerOf(viewer),
    filter: filterOf(viewer, query),
    withPeople,
    order,
    // One more tells whether there is a next page.
    size: size + 1,
    ...(position
      ? { after: { takenAt: position[0], id: position[1] } }
      : { skip: (page - 1) * size }),
  })
  const items = found.slice(0, size)
  const last = found.length > size ? items.at(-1) : undefined
  return presentSearch({
    items: items.map((asset) => presentFound(asset, query)),
    nextPage: last && !cursor ? page + 1 : undefined,
    nextCursor: last && encodeCursor([last.position.takenAt, last.position.id]),
  })
}
