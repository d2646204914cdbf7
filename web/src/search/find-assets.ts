import type { AssetResponseDto } from '#contracts/api/assets.ts'
import { callApi } from '../api/http.ts'
import type { AskForPage } from '../timeline/result-page.ts'
import { assetOfDetails } from '../viewer/asset-of-details.ts'
import { filtersOf, type SearchQuery } from './search-query.ts'

export type SearchAnswer = {
  assets: { items: AssetResponseDto[]; nextPage: string | null; nextCursor?: string | null }
}

const PAGE_SIZE = 100

/** Words are looked for in the pictures, or in the names; without words everything that the filters let through. */
export function findAssets(query: SearchQuery): AskForPage {
  const words = query.words.trim()
  const isByMeaning = words !== '' && query.by === 'meaning'
  const path = isByMeaning ? '/api/search/smart' : '/api/search/metadata'
  const wanted = isByMeaning ? { query: words } : words ? { originalFileName: words } : {}
  return async (page, signal) => {
    const body = {
      ...filtersOf(query),
      ...wanted,
      ...(page === undefined ? {} : { cursor: page }),
      size: PAGE_SIZE,
      withExif: true,
    }
    const { assets } = await callApi<SearchAnswer>('POST', path, { body, signal })
    return { assets: assets.items.map(assetOfDetails), nextPage: assets.nextCursor ?? undefined }
  }
}
