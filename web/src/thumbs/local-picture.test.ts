import { expect, test } from 'vitest'
import { localSize } from './local-picture.ts'

test.each([
  ['a photo', { width: 4032, height: 3024 }, { width: 480, height: 360 }],
  ['a strip', { width: 12_000, height: 40 }, { width: 1440, height: 5 }],
  ['a dot', { width: 1, height: 1 }, { width: 1, height: 1 }],
  ['a column', { width: 40, height: 12_000 }, { width: 1, height: 360 }],
])('%s is drawn small, in its own shape', (_, size, drawn) => {
  expect(localSize(size)).toEqual(drawn)
})

test('a picture of 900 megapixels is left to the server, and so is one without a size', () => {
  expect(localSize({ width: 30_000, height: 30_000 })).toBeUndefined()
  expect(localSize({ width: 0, height: 0 })).toBeUndefined()
})
