import { Hono } from 'hono'
import { z } from 'zod'
import { AssetResponseDto } from '#contracts/api/assets.ts'
import { PersonResponseDto } from '#contracts/api/people.ts'
import {
  LargeAssetsQuery,
  MetadataSearchDto,
  MetadataSearchQuery,
  PersonSearchQuery,
  PlacesQuery,
  PlacesResponseDto,
  RandomSearchDto,
  SearchExploreResponseDto,
  SearchResponseDto,
  SearchStatisticsResponseDto,
  SmartSearchDto,
  StatisticsSearchDto,
  SuggestionsQuery,
} from '#contracts/api/search.ts'
import {
  countFoundAssets,
  listLargeAssets,
  listPeopleByName,
  listRandomAssets,
} from '#db/queries/search.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { presentPerson } from '../people/present-person.ts'
import { explore, findPlaces, listCities, suggest } from './explore.ts'
import { filterOf } from './filter-of.ts'
import { presentFound } from './present-search.ts'
import { searchMetadata } from './search-metadata.ts'
import { searchSmart } from './search-smart.ts'

const DEFAULT_SIZE = 250

export const searchRoutes = new Hono<AppEnv>()
  .post(
    '/metadata',
    allow('asset.read'),
    validate('query', MetadataSearchQuery),
    validate('json', MetadataSearchDto),
    answers(200, SearchResponseDto),
    async (c) => c.json(await searchMetadata(c.var.deps, c.var.viewer, c.req.valid('json'))),
  )
  .post(
    '/smart',
    allow('asset.read'),
    validate('json', SmartSearchDto),
    answers(200, SearchResponseDto),
    async (c) => c.json(await searchSmart(c.var.deps, c.var.viewer, c.req.valid('json'))),
  )
  .post(
    '/random',
    allow('asset.read'),
    validate('json', RandomSearchDto),
    answers(200, z.array(AssetResponseDto)),
    async (c) => {
      const { size = DEFAULT_SIZE, withPeople, withStacked, ...query } = c.req.valid('json')
      const { deps, viewer } = c.var
      const search = { ...assetViewerOf(viewer), filter: filterOf(viewer, query), size }
      const found = await listRandomAssets(deps.db, { ...search, withPeople })
      return c.json(found.map((asset) => presentFound(asset, query)))
    },
  )
  .post(
    '/large-assets',
    allow('asset.read'),
    validate('query', LargeAssetsQuery),
    answers(200, z.array(AssetResponseDto)),
    async (c) => {
      const { size = DEFAULT_SIZE, ...query } = c.req.valid('query')
      const { deps, viewer } = c.var
      const search = { ...assetViewerOf(viewer), filter: filterOf(viewer, query), size }
      const found = await listLargeAssets(deps.db, search)
      // What is shown of them is their size, which stands in the exif.
      return c.json(found.map((asset) => presentFound(asset, { withExif: true })))
    },
  )
  .post(
    '/statistics',
    allow('asset.statistics'),
    validate('json', StatisticsSearchDto),
    answers(200, SearchStatisticsResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      const filter = filterOf(viewer, c.req.valid('json'))
      return c.json({
        total: await countFoundAssets(deps.db, { ...assetViewerOf(viewer), filter }),
      })
    },
  )
  .get(
    '/person',
    allow('person.read'),
    validate('query', PersonSearchQuery),
    answers(200, z.array(PersonResponseDto)),
    async (c) => {
      const { name, withHidden = false } = c.req.valid('query')
      const { deps, viewerId } = c.var
      const people = await listPeopleByName(deps.db, { viewerId, name, withHidden })
      return c.json(people.map(presentPerson))
    },
  )
  .get(
    '/suggestions',
    allow('asset.read'),
    validate('query', SuggestionsQuery),
    answers(200, z.array(z.string())),
    async (c) => c.json(await suggest(c.var.deps, c.var.viewer, c.req.valid('query'))),
  )
  .get(
    '/explore',
    allow('asset.read'),
    answers(200, z.array(SearchExploreResponseDto)),
    async (c) => c.json(await explore(c.var.deps, c.var.viewer)),
  )
  .get('/cities', allow('asset.read'), answers(200, z.array(AssetResponseDto)), async (c) =>
    c.json(await listCities(c.var.deps, c.var.viewer)),
  )
  .get(
    '/places',
    allow('asset.read'),
    validate('query', PlacesQuery),
    answers(200, z.array(PlacesResponseDto)),
    async (c) => c.json(await findPlaces(c.var.deps, c.var.viewer, c.req.valid('query').name)),
  )
