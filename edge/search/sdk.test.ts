import {
  AssetTypeEnum,
  defaults,
  getAssetsByCity,
  getExploreData,
  getSearchSuggestions,
  SearchSuggestionType,
  searchAssetStatistics,
  searchAssets,
  searchLargeAssets,
  searchPerson,
  searchPlaces,
  searchRandom,
  searchSmart,
} from '@immich/sdk'
import { expect, test } from 'vitest'
import { assetExif, assets } from '#db/schema/tables.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'

const edge = await createTestEdge()
const user = await edge.newUser()
defaults.baseUrl = '/api'
defaults.headers = { authorization: `Bearer ${user.token}` }
defaults.fetch = (input, init) => {
  const { headers, ...rest } = init ?? {}
  return edge.request(String(input), {
    ...rest,
    headers: Object.fromEntries(new Headers(headers)),
  } as Parameters<typeof edge.request>[1])
}

const row = assetRow(user.id, { sizeBytes: 5000 })
await edge.db.insert(assets).values(row)
await edge.db.insert(assetExif).values({ assetId: row.id, city: 'Graz', country: 'Austria' })
const found = [expect.objectContaining({ id: row.id })]

test("Immich's own SDK searches in every way that it knows", async () => {
  const metadata = await searchAssets({
    metadataSearchDto: { city: 'Graz', type: AssetTypeEnum.Image, size: 10 },
  })

  expect(metadata.assets).toMatchObject({ items: found, nextPage: null, total: 1 })
  expect(await searchRandom({ randomSearchDto: { country: 'Austria' } })).toEqual(found)
  expect(await searchLargeAssets({ minFileSize: 10, isFavorite: false })).toEqual(found)
  expect(await searchAssetStatistics({ statisticsSearchDto: {} })).toEqual({ total: 1 })
  expect(await getSearchSuggestions({ $type: SearchSuggestionType.City })).toEqual(['Graz'])
  expect(await getAssetsByCity()).toEqual(found)
  expect(await getExploreData()).toEqual([{ fieldName: 'exifInfo.city', items: [] }])
  expect(await searchPerson({ name: 'nobody' })).toEqual([])
  expect(await searchPlaces({ name: 'Graz' })).toEqual([])
  await expect(searchSmart({ smartSearchDto: { query: 'dog' } })).rejects.toMatchObject({
    status: 503,
    data: { message: expect.stringContaining('Search by words is not available') },
  })
})
