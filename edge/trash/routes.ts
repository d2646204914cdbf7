import { Hono } from 'hono'
import { BulkIdsDto, TrashResponseDto } from '#contracts/api/trash.ts'
import { AppError } from '#contracts/errors.ts'
import { tellIds, tellUser } from '#contracts/events.ts'
import { emptyTrash, restoreAssets, restoreTrash } from '#db/queries/trash.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'

export const trashRoutes = new Hono<AppEnv>()
  .post('/empty', allow('asset.delete'), answers(200, TrashResponseDto), async (c) => {
    const { db, requestId, push } = c.var.deps
    const count = await emptyTrash(db, { ...assetViewerOf(c.var.viewer), requestId })
    push([tellUser(c.var.viewerId, 'on_timeline_change')])
    return c.json({ count })
  })
  .post('/restore', allow('asset.delete'), answers(200, TrashResponseDto), async (c) => {
    const { db, push } = c.var.deps
    const count = await restoreTrash(db, assetViewerOf(c.var.viewer))
    push([tellUser(c.var.viewerId, 'on_timeline_change')])
    return c.json({ count })
  })
  .post(
    '/restore/assets',
    allow('asset.delete'),
    validate('json', BulkIdsDto),
    answers(200, TrashResponseDto),
    async (c) => {
      const { db, requestId, push } = c.var.deps
      const chosen = { assetIds: c.req.valid('json').ids, requestId }
      const count = await restoreAssets(db, { ...assetViewerOf(c.var.viewer), ...chosen })
      if (count === undefined)
        throw new AppError('no_access', 'Not found or no asset.delete access')
      push(tellIds(c.var.viewerId, 'on_asset_restore', chosen.assetIds))
      return c.json({ count })
    },
  )
