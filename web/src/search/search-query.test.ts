import { expect, test } from 'vitest'
import {
  filtersOf,
  isNarrowed,
  NOTHING,
  parseSearch,
  type SearchQuery,
  searchText,
} from './search-query.ts'

const ANNA = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b'

test('an address and what it asks for are told apart by nothing', () => {
  const query: SearchQuery = {
    words: 'dog & ball',
    by: 'name',
    people: [ANNA],
    type: 'VIDEO',
    isFavorite: true,
    ...{ city: 'São Paulo', make: 'Canon', model: 'EOS 5D', after: '2020-01-01' },
  }

  expect(parseSearch(searchText(query))).toEqual(query)
})

test('what an address says wrongly is left out', () => {
  const query = parseSearch('q=sea&type=SOUND&people=../admin&after=yesterday&favourite=maybe')

  expect(query).toEqual({ ...NOTHING, words: 'sea' })
})

test('words alone narrow nothing', () => {
  expect(isNarrowed({ ...NOTHING, words: 'sea', by: 'name' })).toBe(false)
  expect(isNarrowed({ ...NOTHING, isFavorite: true })).toBe(true)
})

test('a day ends with its last moment', () => {
  expect(filtersOf({ ...NOTHING, after: '2024-05-01', before: '2024-05-01' })).toEqual({
    takenAfter: '2024-05-01T00:00:00.000Z',
    takenBefore: '2024-05-01T23:59:59.999Z',
  })
})
