import { Hono } from 'hono'
import { z } from 'zod'
import { AssetStatsQuery, AssetStatsResponseDto } from '#contracts/api/asset-statistics.ts'
import { SessionResponseDto } from '#contracts/api/sessions.ts'
import {
  UserPreferencesResponseDto,
  UserPreferencesUpdateDto,
} from '#contracts/api/user-preferences.ts'
import { UserAdminResponseDto, UserParams } from '#contracts/api/users.ts'
import {
  UserAdminCreateDto,
  UserAdminDeleteDto,
  UserAdminSearchQuery,
  UserAdminUpdateDto,
} from '#contracts/api/users-admin.ts'
import { AppError } from '#contracts/errors.ts'
import type { UserId } from '#contracts/ids.ts'
import { countAssetsByType } from '#db/queries/asset-statistics.ts'
import { listSessions } from '#db/queries/sessions.ts'
import { findAnyUser, listUsers, type User } from '#db/queries/users.ts'
import type { AppEnv } from '../app-env.ts'
import type { Deps } from '../deps.ts'
import { allowAdmin } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { presentSession } from '../sessions/present-session.ts'
import { findPreferences, updatePreferences } from '../users/preferences.ts'
import { presentUserAdmin } from '../users/present-user.ts'
import { createUser } from './create-user.ts'
import { removeUserAsAdmin, restoreUserAsAdmin } from './remove-user.ts'
import { updateUserAsAdmin } from './update-user.ts'

async function userById({ db }: Deps, userId: UserId): Promise<User> {
  const user = await findAnyUser(db, userId)
  if (!user) throw new AppError('no_access', 'User not found')
  return user
}

const ofUser = validate('param', UserParams)

export const userAdminRoutes = new Hono<AppEnv>()
  .get(
    '/',
    allowAdmin('adminUser.read'),
    validate('query', UserAdminSearchQuery),
    answers(200, z.array(UserAdminResponseDto)),
    async (c) => {
      const { id: userId, withDeleted = false } = c.req.valid('query')
      const users = await listUsers(c.var.deps.db, { userId, withDeleted })
      return c.json(users.map(presentUserAdmin))
    },
  )
  .post(
    '/',
    allowAdmin('adminUser.create'),
    validate('json', UserAdminCreateDto),
    answers(201, UserAdminResponseDto),
    async (c) => c.json(presentUserAdmin(await createUser(c.var.deps, c.req.valid('json'))), 201),
  )
  .get(
    '/:id',
    allowAdmin('adminUser.read'),
    ofUser,
    answers(200, UserAdminResponseDto),
    async (c) => c.json(presentUserAdmin(await userById(c.var.deps, c.req.valid('param').id))),
  )
  .put(
    '/:id',
    allowAdmin('adminUser.update'),
    ofUser,
    validate('json', UserAdminUpdateDto),
    answers(200, UserAdminResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      const acting = { viewer, userId: c.req.valid('param').id }
      return c.json(presentUserAdmin(await updateUserAsAdmin(deps, acting, c.req.valid('json'))))
    },
  )
  .delete(
    '/:id',
    allowAdmin('adminUser.delete'),
    ofUser,
    validate('json', UserAdminDeleteDto),
    answers(200, UserAdminResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      const { force = false } = c.req.valid('json')
      const removal = { viewer, userId: c.req.valid('param').id, force }
      return c.json(presentUserAdmin(await removeUserAsAdmin(deps, removal)))
    },
  )
  .post(
    '/:id/restore',
    allowAdmin('adminUser.delete'),
    ofUser,
    answers(200, UserAdminResponseDto),
    async (c) =>
      c.json(presentUserAdmin(await restoreUserAsAdmin(c.var.deps, c.req.valid('param').id))),
  )
  .get(
    '/:id/preferences',
    allowAdmin('adminUser.read'),
    ofUser,
    answers(200, UserPreferencesResponseDto),
    async (c) => {
      const { id } = await userById(c.var.deps, c.req.valid('param').id)
      return c.json(await findPreferences(c.var.deps, id))
    },
  )
  .put(
    '/:id/preferences',
    allowAdmin('adminUser.update'),
    ofUser,
    validate('json', UserPreferencesUpdateDto),
    answers(200, UserPreferencesResponseDto),
    async (c) => {
      const { id } = await userById(c.var.deps, c.req.valid('param').id)
      return c.json(await updatePreferences(c.var.deps, id, c.req.valid('json')))
    },
  )
  .get(
    '/:id/sessions',
    allowAdmin('adminSession.read'),
    ofUser,
    answers(200, z.array(SessionResponseDto)),
    async (c) => {
      const { deps, viewer } = c.var
      const now = deps.clock()
      const sessions = await listSessions(deps.db, { viewerId: c.req.valid('param').id, now })
      return c.json(sessions.map((session) => presentSession(session, viewer)))
    },
  )
  .get(
    '/:id/statistics',
    allowAdmin('adminUser.read'),
    ofUser,
    validate('query', AssetStatsQuery),
    answers(200, AssetStatsResponseDto),
    async (c) => {
      // How many they are is no look at them.
      const counted = { viewerId: c.req.valid('param').id, seesLocked: true }
      return c.json(await countAssetsByType(c.var.deps.db, { ...counted, ...c.req.valid('query') }))
    },
  )
