import { expect, test } from 'vitest'
import { byImportance, namesLike, type Person } from './person.ts'

const person = (id: string, name: string, isFavorite = false): Person => ({
  ...{ id, name, isFavorite, birthDate: null, thumbnailPath: '', isHidden: false },
})

const PEOPLE = [person('1', ''), person('2', 'Anna'), person('3', 'Hanna'), person('4', 'Bo', true)]

test('favourites come first, then who has a name', () => {
  expect(PEOPLE.toSorted(byImportance).map(({ id }) => id)).toEqual(['4', '2', '3', '1'])
})

test.each([
  ['an', ['2']],
  ['AN', ['2']],
  ['han', ['3']],
  ['', []],
])('“%s” is said to be like the names that begin with it', (text, ids) => {
  expect(namesLike(text, PEOPLE, '9').map(({ id }) => id)).toEqual(ids)
})

test('nobody is like themselves', () => {
  expect(namesLike('anna', PEOPLE, '2')).toEqual([])
})
