import type { MultiLineString, MultiPolygon, Polygon, Position } from 'geojson'

/**
 * The outline is cut nowhere: its lines run across the 180th meridian, and the ring of Antarctica runs around the
 * pole. On a flat map both would jump from one edge to the other, so lines go on beyond 180°, and what runs around a
 * pole is closed along it.
 */
export function unwrapPolygons(geometry: Polygon | MultiPolygon): MultiPolygon {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  return { type: 'MultiPolygon', coordinates: polygons.map((rings) => rings.map(unwrapRing)) }
}

export function unwrapLines({ coordinates }: MultiLineString): MultiLineString {
  return { type: 'MultiLineString', coordinates: coordinates.map(unwrapLine) }
}

function unwrapLine(line: Position[]): Position[] {
  let turns = 0
  let before: number | undefined
  return line.map(([lon = 0, lat = 0]) => {
    if (before !== undefined && Math.abs(lon - before) > 180) turns += lon < before ? 1 : -1
    before = lon
    return [lon + turns * 360, lat]
  })
}

const POLE_LATITUDE = -85.05

function unwrapRing(ring: Position[]): Position[] {
  const line = unwrapLine(ring)
  const [first, last] = [line[0], line.at(-1)]
  const [firstLon = 0] = first ?? []
  const [lastLon = 0, lastLat = 0] = last ?? []
  if (!first || Math.abs(lastLon - firstLon) < 180) return line
  const pole = Math.sign(lastLat) * -POLE_LATITUDE
  return [...line, [lastLon, pole], [firstLon, pole], first]
}
