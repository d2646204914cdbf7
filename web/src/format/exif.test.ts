import { expect, test } from 'vitest'
import {
  cameraName,
  exposureFacts,
  formatCoordinates,
  formatMegapixels,
  placeName,
} from './exif.ts'

test.each([
  [{ make: 'Canon', model: 'Canon EOS 5D Mark II' }, 'Canon EOS 5D Mark II'],
  [{ make: 'Apple', model: 'iPhone 15 Pro' }, 'Apple iPhone 15 Pro'],
  [{ make: 'NIKON CORPORATION', model: 'NIKON D800E' }, 'NIKON D800E'],
  [{ make: 'OLYMPUS IMAGING CORP.', model: 'E-P3' }, 'Olympus E-P3'],
  [{ make: 'Sony', model: null }, 'Sony'],
  [{}, undefined],
])('%j is called %s', (exif, name) => {
  expect(cameraName(exif)).toBe(name)
})

test('exposure leaves out what is unknown', () => {
  expect(exposureFacts({ fNumber: 1.78, exposureTime: '1/120', iso: 64 })).toEqual([
    'ƒ/1.8',
    '1/120 s',
    'ISO 64',
  ])
})

test('a place is not named twice', () => {
  expect(placeName({ city: 'Berlin', state: 'Berlin', country: 'Germany' })).toBe('Berlin, Germany')
  expect(placeName({})).toBeUndefined()
})

test('coordinates say their hemisphere', () => {
  expect(formatCoordinates(-33.45347, 25.76465)).toBe('33.45347° S, 25.76465° E')
})

test('megapixels are rounded', () => {
  expect([formatMegapixels(4032, 3024), formatMegapixels(100, 100)]).toEqual(['12.2 MP', '<0.1 MP'])
})
