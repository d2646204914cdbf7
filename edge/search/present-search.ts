import type { SearchResponseDto } from '#contracts/api/search.ts'
import type { FoundAsset } from '#db/queries/search.ts'
import { presentAsset } from '../assets/present-asset.ts'

/** Without `withExif` an item is as short as Immich makes it. */
export function presentFound(asset: FoundAsset, { withExif }: { withExif?: boolean | undefined }) {
  return presentAsset(withExif ? asset : { ...asset, exif: null })
}

type Page = {
  items: SearchResponseDto['assets']['items']
  nextPage: number | undefined
  nextCursor: string | undefined
}

/** As Immich does, `total` counts this page: clients follow `nextPage`. */
export function presentSearch({ items, nextPage, nextCursor }: Page): SearchResponseDto {
  const count = items.length
  return {
    albums: { total: 0, count: 0, items: [], facets: [] },
    assets: {
      ...{ total: count, count, items, facets: [] },
      nextPage: nextPage === undefined ? null : String(nextPage),
      nextCursor: nextCursor ?? null,
    },
  }
}
