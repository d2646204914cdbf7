import type { Point } from 'geojson'
import { type GeoJSONSource, type Map as MapLibre, Marker } from 'maplibre-gl'
import type { MapMarkerResponseDto } from '#contracts/api/map.ts'
import { formatCount, plural } from '../format/sizes.ts'
import { derivativePath, signedUrls } from '../thumbs/pictures.ts'

const SOURCE = 'photos'
const CLUSTER_PX = 64
/** Where photos lie on one spot no zoom parts them. */
const LAST_CLUSTER_ZOOM = 13
const MOST_LEAVES = 100_000

type Shown = { marker: Marker; count: number }
type OnChoose = (photos: MapMarkerResponseDto[]) => void

/** Photos on the map: near ones gather under the newest of them, with their number. */
export class PhotoMarkers {
  readonly #map: MapLibre
  readonly #onChoose: OnChoose
  #photos: MapMarkerResponseDto[] = []
  #shown = new Map<string, Shown>()

  constructor(map: MapLibre, onChoose: OnChoose) {
    this.#map = map
    this.#onChoose = onChoose
    // Groups are made beside the drawing: they may be there only after its last frame.
    for (const moment of ['render', 'idle', 'sourcedata'] as const) {
      map.on(moment, () => {
        if (map.getSource(SOURCE) && map.isSourceLoaded(SOURCE)) this.#draw()
      })
    }
  }

  show(photos: MapMarkerResponseDto[]) {
    this.#photos = photos
    const data = {
      type: 'FeatureCollection' as const,
      features: photos.map(({ lon, lat }, index) => ({
        type: 'Feature' as const,
        // The newest come first, so the smallest place is the newest of a group.
        properties: { index },
        geometry: { type: 'Point' as const, coordinates: [lon, lat] },
      })),
    }
    const source = this.#map.getSource<GeoJSONSource>(SOURCE)
    if (source) {
      source.setData(data)
      return
    }
    this.#map.addSource(SOURCE, {
      ...{ type: 'geojson', data, cluster: true },
      clusterRadius: CLUSTER_PX,
      clusterMaxZoom: LAST_CLUSTER_ZOOM,
      clusterProperties: { first: ['min', ['get', 'index']] },
    })
    // A source that no layer draws is not loaded.
    this.#map.addLayer({
      ...{ id: SOURCE, type: 'circle', source: SOURCE },
      paint: { 'circle-radius': 1, 'circle-opacity': 0 },
    })
  }

  #draw() {
    const before = this.#shown
    const now = new Map<string, Shown>()
    for (const { geometry, properties } of this.#map.querySourceFeatures(SOURCE)) {
      const clusterId: number | undefined = properties.cluster_id
      const first = this.#photos[Number(properties.first ?? properties.index)]
      const count = Number(properties.point_count ?? 1)
      const key = `${clusterId ?? 'one'}:${first?.id}:${count}`
      if (!first || now.has(key)) continue
      const [lon = 0, lat = 0] = (geometry as Point).coordinates
      const known = before.get(key)
      if (known) {
        now.set(key, known)
        continue
      }
      const element = this.#elementFor(first, count, () => this.#choose(clusterId, first))
      const marker = new Marker({ element }).setLngLat([lon, lat]).addTo(this.#map)
      now.set(key, { marker, count })
    }
    for (const [key, { marker }] of before) if (!now.has(key)) marker.remove()
    this.#shown = now
  }

  async #choose(clusterId: number | undefined, first: MapMarkerResponseDto) {
    const source = this.#map.getSource<GeoJSONSource>(SOURCE)
    if (clusterId === undefined || !source) return this.#onChoose([first])
    const leaves = await source.getClusterLeaves(clusterId, MOST_LEAVES, 0)
    const photos = leaves.map(({ properties }) => this.#photos[Number(properties?.index)])
    this.#onChoose(photos.filter((photo) => photo !== undefined))
  }

  #elementFor(photo: MapMarkerResponseDto, count: number, onclick: () => void) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'photo-marker'
    button.setAttribute(
      'aria-label',
      [plural(count, 'photo'), photo.city, photo.country].filter(Boolean).join(', '),
    )
    const picture = document.createElement('img')
    picture.alt = ''
    picture.decoding = 'async'
    void signedUrls.find(photo.id, 'thumbnail').then((url) => {
      picture.src = url ?? derivativePath(photo.id, 'thumbnail')
    })
    button.append(picture)
    if (count > 1) {
      const badge = document.createElement('span')
      badge.textContent = count > 999 ? `${formatCount(Math.floor(count / 1000))}k` : `${count}`
      button.append(badge)
    }
    button.addEventListener('click', (event) => {
      event.stopPropagation()
      onclick()
    })
    return button
  }
}
