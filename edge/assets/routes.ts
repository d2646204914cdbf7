import { Hono } from 'hono'
import { AssetStatsQuery, AssetStatsResponseDto } from '#contracts/api/asset-statistics.ts'
import {
  AssetBulkDeleteDto,
  AssetBulkUpdateDto,
  AssetBulkUploadCheckDto,
  AssetBulkUploadCheckResponseDto,
  AssetMediaCreateDto,
  AssetMediaResponseDto,
  AssetOriginalQuery,
  AssetParams,
  AssetResponseDto,
  AssetStatesDto,
  AssetStatesResponseDto,
  AssetThumbnailQuery,
  UpdateAssetDto,
} from '#contracts/api/assets.ts'
import { AssetUrlsDto, AssetUrlsResponseDto } from '#contracts/api/uploads.ts'
import { AppError } from '#contracts/errors.ts'
import { tellIds } from '#contracts/events.ts'
import { countAssetsByType } from '#db/queries/asset-statistics.ts'
import { findAsset, listAssetStates } from '#db/queries/assets.ts'
import { deleteAssets, trashAssets } from '#db/queries/trash.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers, readsForm } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { assetViewerOf, requireElevation } from './asset-viewer.ts'
import { checkBulkUpload } from './check-bulk-upload.ts'
import { presentAsset, presentState } from './present-asset.ts'
import { sendDownload, sendThumbnail, sendVideo } from './send-asset.ts'
import { signAssetUrls } from './sign-asset-urls.ts'
import { changeAsset, changeAssets } from './update-assets.ts'
import { uploadAsset } from './upload-asset.ts'

const BYTES = 'application/octet-stream'

export const assetRoutes = new Hono<AppEnv>()
  .post(
    '/',
    allow('asset.upload'),
    readsForm(AssetMediaCreateDto),
    answers(201, AssetMediaResponseDto),
    async (c) => {
      const checksumHeader = c.req.header('x-immich-checksum')
      const { deps, viewer } = c.var
      const uploaded = await uploadAsset(deps, viewer, { request: c.req.raw, checksumHeader })
      return c.json(uploaded, uploaded.status === 'created' ? 201 : 200)
    },
  )
  .post(
    '/bulk-upload-check',
    allow('asset.upload'),
    validate('json', AssetBulkUploadCheckDto),
    answers(200, AssetBulkUploadCheckResponseDto),
    async (c) => {
      const { assets } = c.req.valid('json')
      return c.json({ results: await checkBulkUpload(c.var.deps, c.var.viewerId, assets) })
    },
  )
  .post(
    '/urls',
    allow('asset.view'),
    validate('json', AssetUrlsDto),
    answers(200, AssetUrlsResponseDto),
    async (c) => {
      c.header('Cache-Control', 'no-store')
      return c.json(await signAssetUrls(c, c.req.valid('json')))
    },
  )
  .post(
    '/states',
    allow('asset.read'),
    validate('json', AssetStatesDto),
    answers(200, AssetStatesResponseDto),
    async (c) => {
      const scope = { ...assetViewerOf(c.var.viewer), assetIds: c.req.valid('json').ids }
      const states = await listAssetStates(c.var.deps.db, scope)
      return c.json({ states: states.map(presentState) })
    },
  )
  .get(
    '/statistics',
    allow('asset.statistics'),
    validate('query', AssetStatsQuery),
    answers(200, AssetStatsResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      const filter = c.req.valid('query')
      requireElevation(viewer, filter.visibility)
      return c.json(await countAssetsByType(deps.db, { ...assetViewerOf(viewer), ...filter }))
    },
  )
  .put(
    '/',
    allow('asset.update'),
    validate('json', AssetBulkUpdateDto),
    answers(204),
    async (c) => {
      const { ids: assetIds, ...change } = c.req.valid('json')
      await changeAssets(c.var.deps, c.var.viewer, { ...change, assetIds })
      return c.body(null, 204)
    },
  )
  .delete(
    '/',
    allow('asset.delete'),
    validate('json', AssetBulkDeleteDto),
    answers(204),
    async (c) => {
      const { db, requestId, push } = c.var.deps
      const { ids: assetIds, force } = c.req.valid('json')
      const chosen = { ...assetViewerOf(c.var.viewer), assetIds, requestId }
      const count = await (force ? deleteAssets(db, chosen) : trashAssets(db, chosen))
      if (count === undefined)
        throw new AppError('no_access', 'Not found or no asset.delete access')
      // What is deleted for good is told by the job that does it.
      if (!force) push(tellIds(c.var.viewerId, 'on_asset_trash', assetIds))
      return c.body(null, 204)
    },
  )
  .get(
    '/:id',
    allow('asset.read'),
    validate('param', AssetParams),
    answers(200, AssetResponseDto),
    async (c) => {
      const scope = { ...assetViewerOf(c.var.viewer), assetId: c.req.valid('param').id }
      const asset = await findAsset(c.var.deps.db, scope)
      if (!asset) throw new AppError('no_access', 'Not found or no asset.read access')
      return c.json(presentAsset(asset))
    },
  )
  .put(
    '/:id',
    allow('asset.update'),
    validate('param', AssetParams),
    validate('json', UpdateAssetDto),
    answers(200, AssetResponseDto),
    async (c) => {
      const change = { ...c.req.valid('json'), assetId: c.req.valid('param').id }
      return c.json(presentAsset(await changeAsset(c.var.deps, c.var.viewer, change)))
    },
  )
  .get(
    '/:id/thumbnail',
    allow('asset.view'),
    validate('param', AssetParams),
    validate('query', AssetThumbnailQuery),
    answers(200, undefined, BYTES),
    (c) => {
      const { size = 'thumbnail' } = c.req.valid('query')
      return sendThumbnail(c, { assetId: c.req.valid('param').id, size })
    },
  )
  .get(
    '/:id/original',
    allow('asset.download'),
    validate('param', AssetParams),
    validate('query', AssetOriginalQuery),
    answers(200, undefined, BYTES),
    (c) => sendDownload(c, c.req.valid('param').id),
  )
  .get(
    '/:id/video/playback',
    allow('asset.view'),
    validate('param', AssetParams),
    answers(200, undefined, BYTES),
    (c) => sendVideo(c, c.req.valid('param').id),
  )
