import { type Context, Hono } from 'hono'
import { z } from 'zod'
import {
  UploadCreateDto,
  UploadCreateResponseDto,
  UploadDto,
  UploadListDto,
} from '#contracts/api/uploads.ts'
import { UploadId } from '#contracts/ids.ts'
import { listOpenUploads, type Upload } from '#db/queries/uploads.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { abortUpload } from './abort-upload.ts'
import { attachSidecar } from './attach-sidecar.ts'
import { completeUpload, findOwnUpload } from './complete-upload.ts'
import { createUpload } from './create-upload.ts'
import { type Arrival, describeSettledUpload, describeUpload } from './describe-upload.ts'
import { resumeUpload } from './open-multipart.ts'
import { publicPresigner } from './public-store.ts'
import { findStoreCapabilities } from './store-capabilities.ts'

const UploadParams = z.object({ id: UploadId })
const UploadQuery = z.object({ from: z.coerce.number().int().positive().default(1) })

/** Long enough for a part over a slow line; fresh ones are a request away. */
const PUTS_EXPIRE_IN_SECONDS = 12 * 60 * 60
const MAX_LISTED = 1000

type Described = { upload: Upload; arrival: Arrival; from: number }

async function describe(c: Context<AppEnv>, { upload, arrival, from }: Described) {
  if (upload.state !== 'pending') return describeSettledUpload(upload)
  const { deps } = c.var
  const signedAt = deps.clock()
  const expiresInSeconds = PUTS_EXPIRE_IN_SECONDS
  return await describeUpload(upload, arrival, {
    from,
    presigner: publicPresigner(c, { signedAt, expiresInSeconds }),
    capabilities: await findStoreCapabilities(deps),
    putsExpireAt: new Date(signedAt.getTime() + expiresInSeconds * 1000),
  })
}

export const uploadRoutes = new Hono<AppEnv>()
  .use(async (c, next) => {
    await next()
    c.res.headers.set('Cache-Control', 'no-store')
  })
  .post(
    '/',
    allow('asset.upload'),
    validate('json', UploadCreateDto),
    answers(201, UploadCreateResponseDto),
    async (c) => {
      const created = await createUpload(c.var.deps, c.var.viewer, c.req.valid('json'))
      if (created.status === 'duplicate') {
        const { id: assetId, isTrashed } = created.asset
        return c.json({ status: 'duplicate', assetId, isTrashed })
      }
      const upload = await describe(c, { ...created, from: 1 })
      return c.json({ status: 'upload', upload }, 201)
    },
  )
  .get('/', allow('asset.upload'), answers(200, UploadListDto), async (c) => {
    const { deps, viewerId } = c.var
    const uploads = await listOpenUploads(deps.db, { viewerId, limit: MAX_LISTED })
    return c.json({
      uploads: uploads.map((upload) => ({
        ...describeSettledUpload(upload),
        // What has arrived is asked of the store one upload at a time: `GET /:id`.
        ...(upload.state === 'pending' && { arrivedBytes: 0, arrivedParts: [] }),
      })),
    })
  })
  .get(
    '/:id',
    allow('asset.upload'),
    validate('param', UploadParams),
    validate('query', UploadQuery),
    answers(200, UploadDto),
    async (c) => {
      const { deps, viewer } = c.var
      const upload = await findOwnUpload(deps, viewer, c.req.valid('param').id)
      if (upload.state !== 'pending') return c.json(describeSettledUpload(upload))
      return c.json(
        await describe(c, { ...(await resumeUpload(deps, upload)), ...c.req.valid('query') }),
      )
    },
  )
  .put(
    '/:id/sidecar',
    allow('asset.upload'),
    validate('param', UploadParams),
    answers(204),
    async (c) => {
      const { deps, viewer } = c.var
      const uploadId = c.req.valid('param').id
      await attachSidecar(deps, viewer, { uploadId, body: c.req.raw.body })
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/complete',
    allow('asset.upload'),
    validate('param', UploadParams),
    answers(200, UploadDto),
    async (c) => {
      const { deps, viewer } = c.var
      const upload = await completeUpload(deps, viewer, c.req.valid('param').id)
      return c.json(describeSettledUpload(upload))
    },
  )
  .delete(
    '/:id',
    allow('asset.upload'),
    validate('param', UploadParams),
    answers(204),
    async (c) => {
      await abortUpload(c.var.deps, c.var.viewer, c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
