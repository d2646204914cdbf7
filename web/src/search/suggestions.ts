import type { AssetResponseDto } from '#contracts/api/assets.ts'
import { callApi } from '../api/http.ts'
import { formatShortDay } from '../format/dates.ts'
import type { Person } from '../people/person.ts'
import type { SearchAnswer } from './find-assets.ts'
import type { SearchQuery } from './search-query.ts'

export type Suggestion = {
  key: string
  kind: 'recent' | 'person' | 'place' | 'camera' | 'file' | 'kind'
  label: string
  note?: string
  person?: Person
  assetId?: string
  /** What choosing it searches for; a file is opened instead. */
  query?: Partial<SearchQuery>
}
export type SuggestionGroup = { title: string; suggestions: Suggestion[] }

const MOST = { person: 5, place: 4, camera: 3, file: 4 }
/** A name of one letter is in every file. */
const LETTERS_FOR_FILES = 2

type Listing = 'city' | 'state' | 'country' | 'camera-make' | 'camera-model'
const listings = new Map<Listing, { values: Promise<string[]>; untilMs: number }>()
const LISTING_MS = 120_000

/** All places or cameras of the library. They change rarely, and each key asks for them. */
export function listValues(type: Listing): Promise<string[]> {
  const known = listings.get(type)
  if (known && known.untilMs > Date.now()) return known.values
  const values = callApi<(string | null)[]>('GET', '/api/search/suggestions', { query: { type } })
    .then((found) => found.filter((value): value is string => Boolean(value)))
    .catch((): string[] => {
      listings.delete(type)
      return []
    })
  listings.set(type, { values, untilMs: Date.now() + LISTING_MS })
  return values
}

/** What somebody may mean who typed this, as far as the library knows it. */
export async function suggest(text: string, signal: AbortSignal): Promise<SuggestionGroup[]> {
  const [people, cities, states, countries, makes, models, files] = await Promise.all([
    findPeople(text, signal),
    listValues('city'),
    listValues('state'),
    listValues('country'),
    listValues('camera-make'),
    listValues('camera-model'),
    findFiles(text, signal),
  ])
  const places = [
    ...matching(text, cities).map((city) => place(city, 'City', { city })),
    ...matching(text, states).map((state) => place(state, 'Region', { state })),
    ...matching(text, countries).map((country) => place(country, 'Country', { country })),
  ]
  const cameras = [
    ...matching(text, models).map((model) => camera(model, { model })),
    ...matching(text, makes).map((make) => camera(make, { make })),
  ]
  return [
    { title: 'People', suggestions: people.slice(0, MOST.person) },
    { title: 'Places', suggestions: unique(places).slice(0, MOST.place) },
    { title: 'Cameras', suggestions: unique(cameras).slice(0, MOST.camera) },
    { title: 'Files', suggestions: files.slice(0, MOST.file) },
  ].filter(({ suggestions }) => suggestions.length > 0)
}

const MOST_FACES = 6

/** Before anything is typed: people by face, and kinds of photos. */
export async function suggestAtFirst(signal: AbortSignal): Promise<SuggestionGroup[]> {
  const people = await listNamedPeople(signal)
  return [
    { title: 'People', suggestions: people.slice(0, MOST_FACES).map(personSuggestion) },
    { title: 'Kinds', suggestions: KINDS },
  ].filter(({ suggestions }) => suggestions.length > 0)
}

const KINDS: Suggestion[] = [
  { key: 'kind:video', kind: 'kind', label: 'Videos', query: { type: 'VIDEO' } },
  { key: 'kind:favourite', kind: 'kind', label: 'Favourites', query: { isFavorite: true } },
]

async function listNamedPeople(signal: AbortSignal): Promise<Person[]> {
  try {
    const query = { size: 50, withHidden: false }
    const { people } = await callApi<{ people: Person[] }>('GET', '/api/people', { query, signal })
    return people.filter(({ name }) => name)
  } catch {
    return []
  }
}

const personSuggestion = (person: Person): Suggestion => ({
  ...{ key: `person:${person.id}`, kind: 'person', label: person.name, person },
  query: { people: [person.id] },
})

const place = (label: string, note: string, query: Partial<SearchQuery>): Suggestion => ({
  ...{ key: `place:${note}:${label}`, kind: 'place', label, note, query },
})

const camera = (label: string, query: Partial<SearchQuery>): Suggestion => ({
  ...{ key: `camera:${label}`, kind: 'camera', label, query },
})

const unique = (all: Suggestion[]) => [...new Map(all.map((one) => [one.key, one])).values()]

/** Those that begin with the text come first, then those with a word that does. */
export function matching(text: string, values: readonly string[]): string[] {
  const wanted = plain(text)
  const ranked = values.flatMap((value) => {
    const at = ` ${plain(value)}`.indexOf(` ${wanted}`)
    return at < 0 ? [] : [{ value, at: at === 0 ? 0 : 1 }]
  })
  return ranked.sort((a, b) => a.at - b.at).map(({ value }) => value)
}

/** Nobody types the accents of a place that is not theirs. */
const plain = (text: string) => text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

async function findPeople(text: string, signal: AbortSignal): Promise<Suggestion[]> {
  const query = { name: text, withHidden: false }
  try {
    const people = await callApi<Person[]>('GET', '/api/search/person', { query, signal })
    return people.map(personSuggestion)
  } catch {
    return []
  }
}

async function findFiles(text: string, signal: AbortSignal): Promise<Suggestion[]> {
  if (text.length < LETTERS_FOR_FILES) return []
  const body = { originalFileName: text, size: MOST.file }
  try {
    const { assets } = await callApi<SearchAnswer>('POST', '/api/search/metadata', { body, signal })
    return assets.items.map(fileSuggestion)
  } catch {
    return []
  }
}

const fileSuggestion = ({ id, originalFileName, localDateTime }: AssetResponseDto): Suggestion => ({
  ...{ key: `file:${id}`, kind: 'file', label: originalFileName, assetId: id },
  note: formatShortDay(Date.parse(localDateTime)),
})
