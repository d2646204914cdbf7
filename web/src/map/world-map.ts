import type { FeatureCollection, GeoJSON, MultiPolygon, Polygon } from 'geojson'
import {
  type GeoJSONSource,
  Map as MapLibre,
  type StyleSpecification,
  setWorkerUrl,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import fineUrl from 'world-atlas/countries-50m.json?url'
import coarseUrl from 'world-atlas/countries-110m.json?url'
import { unwrapLines, unwrapPolygons } from './unwrap.ts'

setWorkerUrl(workerUrl)

type World = Topology<{ countries: GeometryCollection; land: GeometryCollection }>
type Theme = 'light' | 'dark'

const COLOURS = {
  light: { sea: '#e4e9ee', land: '#fdfcfa', coast: '#c9d0d7', border: '#d9d6cf' },
  dark: { sea: '#131518', land: '#24272c', coast: '#3b4047', border: '#3a3d43' },
} as const

const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] }

/** The outline of the world that ships with the gallery: no server on earth is asked for it. */
function outlineStyle(theme: Theme): StyleSpecification {
  const { sea, land, coast, border } = COLOURS[theme]
  const empty = { type: 'geojson' as const, data: NOTHING }
  return {
    version: 8,
    sources: { land: empty, borders: empty },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': sea } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': land } },
      {
        id: 'coast',
        type: 'line',
        source: 'land',
        paint: { 'line-color': coast, 'line-width': 0.8 },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'borders',
        paint: { 'line-color': border, 'line-width': 0.8 },
      },
    ],
  }
}

async function readWorld(url: string): Promise<{ land: GeoJSON; borders: GeoJSON }> {
  const response = await fetch(url)
  const world = (await response.json()) as World
  const { countries, land } = world.objects
  // The land of the atlas is a collection of areas, which the types cannot know.
  const { features } = feature(world, land) as FeatureCollection<Polygon | MultiPolygon>
  return {
    land: {
      type: 'FeatureCollection',
      features: features.map((one) => ({ ...one, geometry: unwrapPolygons(one.geometry) })),
    },
    borders: unwrapLines(mesh(world, countries, (a, b) => a !== b)),
  }
}

async function drawWorld(map: MapLibre, url: string) {
  const { land, borders } = await readWorld(url)
  map.getSource<GeoJSONSource>('land')?.setData(land)
  map.getSource<GeoJSONSource>('borders')?.setData(borders)
}

export type MapSettings = { container: HTMLElement; theme: Theme; styleUrl: string }

/** A style that an administrator has chosen may ask its own servers; the outline asks nobody. */
export function createWorldMap({ container, theme, styleUrl }: MapSettings): MapLibre {
  const map = new MapLibre({
    container,
    style: styleUrl || outlineStyle(theme),
    center: [10, 25],
    zoom: 1.2,
    minZoom: 0,
    maxZoom: styleUrl ? 19 : 14,
    attributionControl: styleUrl ? { compact: false } : false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: true,
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  if (!styleUrl) {
    map.once('load', () => {
      void drawWorld(map, coarseUrl)
        .then(() => drawWorld(map, fineUrl))
        .catch(() => {})
    })
  }
  return map
}

export function paintWorld(map: MapLibre, theme: Theme) {
  if (!map.getLayer('coast')) return
  const { sea, land, coast, border } = COLOURS[theme]
  map.setPaintProperty('sea', 'background-color', sea)
  map.setPaintProperty('land', 'fill-color', land)
  map.setPaintProperty('coast', 'line-color', coast)
  map.setPaintProperty('borders', 'line-color', border)
}
