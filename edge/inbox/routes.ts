import { type Context, Hono } from 'hono'
import {
  CREDENTIALS_MAX_SECONDS,
  CREDENTIALS_MIN_SECONDS,
  InboxCredentialsCreateDto,
  InboxCredentialsResponseDto,
  InboxKeysDto,
  type InboxPlaceDto,
  InboxQuery,
  InboxResponseDto,
} from '#contracts/api/inbox.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import { countInbox, listInbox, retryInboxObjects } from '#db/queries/inbox.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { publicStoreOrigin } from '../uploads/public-store.ts'
import { grantAccess, whyNoCredentials } from './grant-access.ts'
import { cursorOf, presentInboxObject, readCursor } from './present.ts'
import { removeFromInbox } from './remove-from-inbox.ts'

function placeOf(c: Context<AppEnv>): InboxPlaceDto {
  const { bucket, region } = c.var.deps.storeSettings
  const prefix = inboxPrefixOf(c.var.viewerId)
  return { endpoint: publicStoreOrigin(c), region, bucket, prefix }
}

export const inboxRoutes = new Hono<AppEnv>()
  .use(async (c, next) => {
    await next()
    c.res.headers.set('Cache-Control', 'no-store')
  })
  .get(
    '/',
    allow('asset.upload'),
    validate('query', InboxQuery),
    answers(200, InboxResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const { cursor, limit } = c.req.valid('query')
      const after = cursor === undefined ? undefined : readCursor(cursor)
      const [rows, counts, reason] = await Promise.all([
        listInbox(deps.db, { viewerId, after, limit }),
        countInbox(deps.db, { viewerId }),
        whyNoCredentials(deps),
      ])
      const last = rows.length === limit ? rows.at(-1) : undefined
      return c.json({
        ...placeOf(c),
        credentials: {
          isAvailable: reason === undefined,
          reason: reason ?? null,
          minDurationSeconds: CREDENTIALS_MIN_SECONDS,
          maxDurationSeconds: CREDENTIALS_MAX_SECONDS,
        },
        counts,
        objects: rows.map(presentInboxObject),
        nextCursor: last ? cursorOf(last) : null,
      } satisfies InboxResponseDto)
    },
  )
  .post(
    '/credentials',
    allow('asset.upload'),
    validate('json', InboxCredentialsCreateDto),
    answers(201, InboxCredentialsResponseDto),
    async (c) => {
      const { durationSeconds } = c.req.valid('json')
      return c.json(await grantAccess(c.var.deps, { place: placeOf(c), durationSeconds }), 201)
    },
  )
  .delete(
    '/objects',
    allow('asset.upload'),
    validate('json', InboxKeysDto),
    answers(204),
    async (c) => {
      await removeFromInbox(c.var.deps, c.var.viewerId, c.req.valid('json').keys)
      return c.body(null, 204)
    },
  )
  .post(
    '/retry',
    allow('asset.upload'),
    validate('json', InboxKeysDto),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const { keys } = c.req.valid('json')
      await retryInboxObjects(deps.db, { viewerId, keys, requestId: deps.requestId })
      return c.body(null, 204)
    },
  )
