import type {
  PlacesResponseDto,
  SearchExploreResponseDto,
  SearchSuggestionType,
} from '#contracts/api/search.ts'
import { listAssetsByCity, listOwnPlaces, listSuggestions } from '#db/queries/search.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { presentAsset } from '../assets/present-asset.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'

type Db = Pick<Deps, 'db'>

/** A city is worth a tile of its own from so many assets, and a page has room for so many tiles. */
const EXPLORED_AT_LEAST = 5
const EXPLORED_CITIES = 12
const CITIES_LISTED = 10_000

/** As people look names up: whatever their case, accents and punctuation ("State of Berlin" before "St.-Petersburg"). */
const byName = new Intl.Collator('en-US', { ignorePunctuation: true })

export async function explore({ db }: Db, viewer: Viewer): Promise<SearchExploreResponseDto[]> {
  const cities = await listAssetsByCity(db, {
    ...assetViewerOf(viewer),
    atLeast: EXPLORED_AT_LEAST,
    size: EXPLORED_CITIES,
  })
  const items = cities.map((asset) => ({ value: asset.city, data: presentAsset(asset) }))
  return [{ fieldName: 'exifInfo.city', items }]
}

/** One asset of each city, by the city's name. */
export async function listCities({ db }: Db, viewer: Viewer) {
  const cities = await listAssetsByCity(db, {
    ...assetViewerOf(viewer),
    atLeast: 1,
    size: CITIES_LISTED,
  })
  return cities.sort((a, b) => byName.compare(a.city, b.city)).map((asset) => presentAsset(asset))
}

type Suggested = {
  type: SearchSuggestionType
  includeNull?: boolean | undefined
} & Partial<Record<'country' | 'state' | 'make' | 'model' | 'lensModel', string | undefined>>

/** Null stands last, and only where it is asked for and finds something. Immich's clients know that it may come. */
export async function suggest(
  { db }: Db,
  viewer: Viewer,
  { type, includeNull, ...filter }: Suggested,
): Promise<string[]> {
  const values = await listSuggestions(db, { ...assetViewerOf(viewer), type, filter })
  const texts = values.filter((value) => value !== null).sort(byName.compare)
  // The API's description says text, its server sends null all the same.
  return includeNull && values.includes(null) ? [...texts, null as unknown as string] : texts
}

/** There is no gazetteer: what is offered are the viewer's own places. */
export async function findPlaces(
  { db }: Db,
  viewer: Viewer,
  name: string,
): Promise<PlacesResponseDto[]> {
  const places = await listOwnPlaces(db, { ...assetViewerOf(viewer), name })
  return places.map(({ name: city, latitude, longitude, state, country }) => ({
    ...{ name: city, latitude, longitude },
    ...((state ?? country) && { admin1name: state ?? country ?? '' }),
  }))
}
