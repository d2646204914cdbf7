import { expect, test } from 'vitest'
import type { MapMarkerResponseDto } from '#contracts/api/map.ts'
import { boundsOf, isInside, nameOfPlaces, parseBounds, textOfBounds } from './places.ts'

const marker = (lon: number, lat: number, city: string | null, country: string | null) =>
  ({ id: `${lon}`, lon, lat, city, state: null, country }) as MapMarkerResponseDto

test('the area of a few photos has all of them inside', () => {
  const photos = [marker(13.4, 52.5, null, null), marker(-9.1, 38.7, null, null)]
  const bounds = boundsOf(photos)

  const text = bounds ? textOfBounds(bounds) : ''

  expect(text).toBe('-9.10001,38.69999,13.40001,52.50001')
  expect(photos.every((photo) => isInside(photo, text))).toBe(true)
  expect(isInside({ lon: 14, lat: 50 }, text)).toBe(false)
})

test('an address that is no area is none', () => {
  expect(parseBounds('area=1,2,3,4')).toBe('1,2,3,4')
  expect(parseBounds('area=here')).toBe(undefined)
})

test('photos are called by what most of them share', () => {
  const lisbon = marker(-9.1, 38.7, 'Lisbon', 'Portugal')
  const porto = marker(-8.6, 41.1, 'Porto', 'Portugal')

  expect(nameOfPlaces([lisbon, lisbon, porto])).toBe('Lisbon, Portugal')
  expect(nameOfPlaces([lisbon, porto])).toBe('Portugal')
  expect(nameOfPlaces([marker(0, 0, null, null)])).toBe('Photos from here')
})
