import type { MapMarkerResponseDto } from '#contracts/api/map.ts'

export type Bounds = { west: number; south: number; east: number; north: number }
type Point = { lon: number; lat: number }

/** So little around a place that its own photos are inside, whatever was rounded on the way. */
const MARGIN_DEGREES = 0.00001

export function boundsOf(points: readonly Point[]): Bounds | undefined {
  if (points.length === 0) return undefined
  const bounds = { west: 180, south: 90, east: -180, north: -90 }
  for (const { lon, lat } of points) {
    bounds.west = Math.min(bounds.west, lon)
    bounds.east = Math.max(bounds.east, lon)
    bounds.south = Math.min(bounds.south, lat)
    bounds.north = Math.max(bounds.north, lat)
  }
  return bounds
}

/** As the timeline asks for it and the address carries it: west,south,east,north. */
export function textOfBounds({ west, south, east, north }: Bounds): string {
  const [left, low] = [west - MARGIN_DEGREES, south - MARGIN_DEGREES]
  const [right, high] = [east + MARGIN_DEGREES, north + MARGIN_DEGREES]
  return [left, low, right, high].map((degrees) => Number(degrees.toFixed(6))).join(',')
}

const BOUNDS = /^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$/

export function parseBounds(query: string): string | undefined {
  const text = new URLSearchParams(query).get('area') ?? ''
  return BOUNDS.test(text) ? text : undefined
}

export const isInside = ({ lon, lat }: Point, text: string): boolean => {
  const [west = 0, south = 0, east = 0, north = 0] = text.split(',').map(Number)
  return lon >= west && lon <= east && lat >= south && lat <= north
}

/** The name that most of these photos share, from the city outwards. */
export function nameOfPlaces(markers: readonly MapMarkerResponseDto[]): string {
  const city = mostOften(markers.map((marker) => marker.city))
  const country = mostOften(markers.map((marker) => marker.country))
  return [city, country].filter(Boolean).join(', ') || 'Photos from here'
}

function mostOften(names: readonly (string | null)[]): string | undefined {
  const counts = new Map<string, number>()
  for (const name of names) if (name) counts.set(name, (counts.get(name) ?? 0) + 1)
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return most && most[1] > names.length / 2 ? most[0] : undefined
}
