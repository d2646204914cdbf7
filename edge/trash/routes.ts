import { Hono } from 'hono'
import { BulkIdsDto, TrashResponseDto } from '#contracts/api/trash.ts'
import { AppError } from '#contracts/errors.ts'
import { emptyTrash, restoreAssets, restoreTrash } from '#db/queries/trash.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'

export const trashRoutes = new Hono<AppEnv>()
  .post('/empty', allow('asset.delete'), answers(200, TrashResponseDto), async (c) => {
    const { db, requestId } = c.var.deps
    return c.json({ count: await emptyTrash(db, { ...assetViewerOf(c.var.viewer), requestId }) })
  })
  .post('/restore', allow('asset.delete'), answers(200, TrashResponseDto), async (c) =>
    c.json({ count: await restoreTrash(c.var.deps.db, assetViewerOf(c.var.viewer)) }),
  )
  .post(
    '/restore/assets',
    allow('asset.delete'),
    validate('json', BulkIdsDto),
    answers(200, TrashResponseDto),
    async (c) => {
      const { db, requestId } = c.var.deps
      const chosen = { assetIds: c.req.valid('json').ids, requestId }
      const count = await restoreAssets(db, { ...assetViewerOf(c.var.viewer), ...chosen })
      if (count === undefined)
        throw new AppError('no_access', 'Not found or no asset.delete access')
      return c.json({ count })
    },
  )
