import { expect, test } from 'vitest'
import { matching } from './suggestions.ts'

const CITIES = ['New York', 'York', 'Zürich', 'Yokohama', 'Toyokawa']

test.each([
  ['yo', ['York', 'Yokohama', 'New York']],
  ['zur', ['Zürich']],
  ['NEW Y', ['New York']],
  ['kawa', []],
])('“%s” finds names and words that begin with it', (text, expected) => {
  expect(matching(text, CITIES)).toEqual(expected)
})
