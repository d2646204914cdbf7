/** What is searched for: words, and what narrows them. The address of the page carries all of it. */
export type SearchQuery = {
  words: string
  /** Words describe the picture, or are part of the file's name. */
  by: 'meaning' | 'name'
  people: string[]
  type?: 'IMAGE' | 'VIDEO' | undefined
  isFavorite?: boolean | undefined
  country?: string | undefined
  state?: string | undefined
  city?: string | undefined
  make?: string | undefined
  model?: string | undefined
  /** Days, both included: 2024-05-01. */
  after?: string | undefined
  before?: string | undefined
}

export const NOTHING: SearchQuery = { words: '', by: 'meaning', people: [] }

const TEXTS = ['country', 'state', 'city', 'make', 'model'] as const
const DAYS = ['after', 'before'] as const
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const DAY = /^\d{4}-\d{2}-\d{2}$/

export function parseSearch(text: string): SearchQuery {
  const params = new URLSearchParams(text)
  const query: SearchQuery = {
    words: params.get('q') ?? '',
    by: params.get('by') === 'name' ? 'name' : 'meaning',
    people: (params.get('people') ?? '').split(',').filter((id) => UUID.test(id)),
  }
  const type = params.get('type')
  if (type === 'IMAGE' || type === 'VIDEO') query.type = type
  if (params.get('favourite') === '1') query.isFavorite = true
  for (const name of TEXTS) {
    const value = params.get(name)
    if (value) query[name] = value
  }
  for (const name of DAYS) {
    const value = params.get(name)
    if (value && DAY.test(value)) query[name] = value
  }
  return query
}

export function searchText(query: SearchQuery): string {
  const params = new URLSearchParams()
  const words = query.words.trim()
  if (words) params.set('q', words)
  if (words && query.by === 'name') params.set('by', 'name')
  if (query.people.length > 0) params.set('people', query.people.join(','))
  if (query.type) params.set('type', query.type)
  if (query.isFavorite) params.set('favourite', '1')
  for (const name of [...TEXTS, ...DAYS]) {
    const value = query[name]
    if (value) params.set(name, value)
  }
  return params.toString()
}

export const isNarrowed = (query: SearchQuery) => searchText({ ...query, words: '' }) !== ''

/** The part that both of Immich's searches understand. */
export function filtersOf(query: SearchQuery) {
  const { people, type, isFavorite, country, state, city, make, model, after, before } = query
  return {
    ...(people.length > 0 ? { personIds: people } : {}),
    ...(type ? { type } : {}),
    ...(isFavorite ? { isFavorite } : {}),
    ...(country ? { country } : {}),
    ...(state ? { state } : {}),
    ...(city ? { city } : {}),
    ...(make ? { make } : {}),
    ...(model ? { model } : {}),
    ...(after ? { takenAfter: `${after}T00:00:00.000Z` } : {}),
    ...(before ? { takenBefore: `${before}T23:59:59.999Z` } : {}),
  }
}
