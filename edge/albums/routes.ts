import { Hono } from 'hono'
import { z } from 'zod'
import {
  AlbumParams,
  AlbumQuery,
  AlbumResponseDto,
  AlbumStatisticsResponseDto,
  AlbumsAddAssetsDto,
  AlbumsAddAssetsResponseDto,
  AlbumsQuery,
  CreateAlbumDto,
  UpdateAlbumDto,
} from '#contracts/api/albums.ts'
import { BulkIdResponseDto } from '#contracts/api/common.ts'
import { MapMarkerResponseDto } from '#contracts/api/map.ts'
import { BulkIdsDto } from '#contracts/api/trash.ts'
import { AppError } from '#contracts/errors.ts'
import {
  countAlbums,
  deleteAlbum,
  findAlbum,
  listAlbumPlaces,
  listAlbums,
} from '#db/queries/albums.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { changeAlbum } from './change-album.ts'
import { createAlbum } from './create-album.ts'
import { addToAlbum, addToAlbums, removeFromAlbum } from './file-assets.ts'
import { presentAlbum } from './present-album.ts'
import { requireAlbum } from './require-album.ts'

export const albumRoutes = new Hono<AppEnv>()
  .get(
    '/',
    allow('album.read'),
    validate('query', AlbumsQuery),
    answers(200, z.array(AlbumResponseDto)),
    async (c) => {
      const { id: albumId, assetId, ...filter } = c.req.valid('query')
      // An asset's albums are asked for on their own.
      const wanted = assetId ? { assetId } : { albumId, ...filter }
      const { deps, viewerId } = c.var
      const albums = await listAlbums(deps.db, { viewerId, ...wanted })
      return c.json(albums.map(presentAlbum))
    },
  )
  .post(
    '/',
    allow('album.create'),
    validate('json', CreateAlbumDto),
    answers(201, AlbumResponseDto),
    async (c) => {
      const album = await createAlbum(c.var.deps, c.var.viewerId, c.req.valid('json'))
      return c.json(presentAlbum(album), 201)
    },
  )
  .put(
    '/assets',
    allow('albumAsset.create'),
    validate('json', AlbumsAddAssetsDto),
    answers(200, AlbumsAddAssetsResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      return c.json(await addToAlbums(deps, { viewerId, ...c.req.valid('json') }))
    },
  )
  .get(
    '/statistics',
    allow('album.statistics'),
    answers(200, AlbumStatisticsResponseDto),
    async (c) => c.json(await countAlbums(c.var.deps.db, { viewerId: c.var.viewerId })),
  )
  .get(
    '/:id',
    allow('album.read'),
    validate('param', AlbumParams),
    validate('query', AlbumQuery),
    answers(200, AlbumResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const album = await findAlbum(deps.db, { viewerId, albumId: c.req.valid('param').id })
      if (!album) throw new AppError('no_access', 'Not found or no album.read access')
      return c.json(presentAlbum(album))
    },
  )
  .patch(
    '/:id',
    allow('album.update'),
    validate('param', AlbumParams),
    validate('json', UpdateAlbumDto),
    answers(200, AlbumResponseDto),
    async (c) => {
      const scope = { viewerId: c.var.viewerId, albumId: c.req.valid('param').id }
      return c.json(presentAlbum(await changeAlbum(c.var.deps, scope, c.req.valid('json'))))
    },
  )
  .delete(
    '/:id',
    allow('album.delete'),
    validate('param', AlbumParams),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const isGone = await deleteAlbum(deps.db, { viewerId, albumId: c.req.valid('param').id })
      if (!isGone) throw new AppError('no_access', 'Not found or no album.delete access')
      return c.body(null, 204)
    },
  )
  .put(
    '/:id/assets',
    allow('albumAsset.create'),
    validate('param', AlbumParams),
    validate('json', BulkIdsDto),
    answers(200, z.array(BulkIdResponseDto)),
    async (c) => {
      const { deps, viewerId } = c.var
      const [albumId, assetIds] = [c.req.valid('param').id, c.req.valid('json').ids]
      return c.json(await addToAlbum(deps, { viewerId, albumId, assetIds }))
    },
  )
  .delete(
    '/:id/assets',
    allow('albumAsset.delete'),
    validate('param', AlbumParams),
    validate('json', BulkIdsDto),
    answers(200, z.array(BulkIdResponseDto)),
    async (c) => {
      const { deps, viewerId } = c.var
      const [albumId, assetIds] = [c.req.valid('param').id, c.req.valid('json').ids]
      return c.json(await removeFromAlbum(deps, { viewerId, albumId, assetIds }))
    },
  )
  .get(
    '/:id/map-markers',
    allow('album.read'),
    validate('param', AlbumParams),
    validate('query', AlbumQuery),
    answers(200, z.array(MapMarkerResponseDto)),
    async (c) => {
      const { deps, viewerId } = c.var
      const scope = { viewerId, albumId: c.req.valid('param').id }
      await requireAlbum(deps, scope)
      const places = await listAlbumPlaces(deps.db, scope)
      return c.json(
        places.map(({ latitude: lat, longitude: lon, ...place }) => ({ lat, lon, ...place })),
      )
    },
  )
