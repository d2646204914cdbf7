import { Hono } from 'hono'
import { z } from 'zod'
import {
  ApiKeyCreateDto,
  ApiKeyCreateResponseDto,
  ApiKeyParams,
  ApiKeyResponseDto,
  ApiKeyUpdateDto,
} from '#contracts/api/api-keys.ts'
import { AppError } from '#contracts/errors.ts'
import { endApiKey } from '#contracts/events.ts'
import type { ApiKeyId } from '#contracts/ids.ts'
import { isGranted, type Permission } from '#contracts/permissions.ts'
import {
  deleteApiKey,
  findApiKey,
  insertApiKey,
  listApiKeys,
  updateApiKey,
} from '#db/queries/api-keys.ts'
import type { AppEnv } from '../app-env.ts'
import { newToken, tokenHashOf } from '../authentication/tokens.ts'
import type { Viewer } from '../authentication/viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { presentApiKey } from './present-api-key.ts'

const DEFAULT_NAME = 'API Key'

/** A key cannot make or raise a key to more than it may itself. */
function requireGrantable({ proof }: Viewer, required: Permission[]): void {
  if (proof.kind === 'apiKey' && !isGranted({ granted: proof.permissions, required })) {
    throw new AppError('bad_request', 'Cannot grant permissions you do not have')
  }
}

const notFound = () => new AppError('no_access', 'API Key not found')

export const apiKeyRoutes = new Hono<AppEnv>()
  .post(
    '/',
    allow('apiKey.create'),
    validate('json', ApiKeyCreateDto),
    answers(201, ApiKeyCreateResponseDto),
    async (c) => {
      const { deps, viewer, viewerId } = c.var
      const { name = DEFAULT_NAME, permissions } = c.req.valid('json')
      requireGrantable(viewer, permissions)
      const secret = newToken()
      const keyHash = await tokenHashOf(secret)
      const id = deps.newId<ApiKeyId>()
      const apiKey = await insertApiKey(deps.db, {
        id,
        userId: viewerId,
        name,
        keyHash,
        permissions,
      })
      return c.json({ secret, apiKey: presentApiKey(apiKey) }, 201)
    },
  )
  .get('/', allow('apiKey.read'), answers(200, z.array(ApiKeyResponseDto)), async (c) => {
    const { deps, viewerId } = c.var
    return c.json((await listApiKeys(deps.db, { viewerId })).map(presentApiKey))
  })
  .get('/me', allow(), answers(200, ApiKeyResponseDto), async (c) => {
    const { deps, viewer, viewerId } = c.var
    if (viewer.proof.kind !== 'apiKey') {
      throw new AppError('forbidden', 'Not authenticated with an API Key')
    }
    const { apiKeyId } = viewer.proof
    const apiKey = await findApiKey(deps.db, { viewerId, apiKeyId })
    if (!apiKey) throw notFound()
    return c.json(presentApiKey(apiKey))
  })
  .get(
    '/:id',
    allow('apiKey.read'),
    validate('param', ApiKeyParams),
    answers(200, ApiKeyResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const apiKey = await findApiKey(deps.db, { viewerId, apiKeyId: c.req.valid('param').id })
      if (!apiKey) throw notFound()
      return c.json(presentApiKey(apiKey))
    },
  )
  .put(
    '/:id',
    allow('apiKey.update'),
    validate('param', ApiKeyParams),
    validate('json', ApiKeyUpdateDto),
    answers(200, ApiKeyResponseDto),
    async (c) => {
      const { deps, viewer, viewerId } = c.var
      const { name, permissions } = c.req.valid('json')
      if (permissions) requireGrantable(viewer, permissions)
      const change = { ...(name !== undefined && { name }), ...(permissions && { permissions }) }
      if (Object.keys(change).length === 0) {
        throw new AppError('bad_request', 'No fields to update')
      }
      const scope = { viewerId, apiKeyId: c.req.valid('param').id }
      const apiKey = await updateApiKey(deps.db, { ...scope, change })
      if (!apiKey) throw notFound()
      // It may have lost the right to listen.
      if (permissions) deps.push([endApiKey(viewerId, scope.apiKeyId)])
      return c.json(presentApiKey(apiKey))
    },
  )
  .delete(
    '/:id',
    allow('apiKey.delete'),
    validate('param', ApiKeyParams),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const scope = { viewerId, apiKeyId: c.req.valid('param').id }
      if (!(await deleteApiKey(deps.db, scope))) throw notFound()
      deps.push([endApiKey(viewerId, scope.apiKeyId)])
      return c.body(null, 204)
    },
  )
