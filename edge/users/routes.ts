import { Hono } from 'hono'
import { z } from 'zod'
import {
  UserPreferencesResponseDto,
  UserPreferencesUpdateDto,
} from '#contracts/api/user-preferences.ts'
import {
  LicenseKeyDto,
  LicenseResponseDto,
  OnboardingDto,
  OnboardingResponseDto,
  UserAdminResponseDto,
  UserParams,
  UserResponseDto,
  UserUpdateMeDto,
} from '#contracts/api/users.ts'
import { AppError } from '#contracts/errors.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import {
  deleteUserMetadata,
  findUserMetadata,
  mergeUserMetadata,
} from '#db/queries/user-metadata.ts'
import { findUser, listUsers } from '#db/queries/users.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { findPreferences, updatePreferences } from './preferences.ts'
import { presentUser, presentUserAdmin } from './present-user.ts'
import { updateMe } from './update-me.ts'

const myRoutes = new Hono<AppEnv>()
  .get('/', allow('user.read'), answers(200, UserAdminResponseDto), async (c) => {
    const user = await findUser(c.var.deps.db, c.var.viewerId)
    if (!user) throw new AppError('not_authenticated', 'Invalid user token')
    return c.json(presentUserAdmin(user))
  })
  .put(
    '/',
    allow('user.update'),
    validate('json', UserUpdateMeDto),
    answers(200, UserAdminResponseDto),
    async (c) =>
      c.json(presentUserAdmin(await updateMe(c.var.deps, c.var.viewerId, c.req.valid('json')))),
  )
  .get(
    '/preferences',
    allow('userPreference.read'),
    answers(200, UserPreferencesResponseDto),
    async (c) => c.json(await findPreferences(c.var.deps, c.var.viewerId)),
  )
  .put(
    '/preferences',
    allow('userPreference.update'),
    validate('json', UserPreferencesUpdateDto),
    answers(200, UserPreferencesResponseDto),
    async (c) => c.json(await updatePreferences(c.var.deps, c.var.viewerId, c.req.valid('json'))),
  )
  .get(
    '/onboarding',
    allow('userOnboarding.read'),
    answers(200, OnboardingResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const stored = await findUserMetadata(deps.db, { viewerId, key: 'onboarding' })
      return c.json({ isOnboarded: stored?.isOnboarded === true })
    },
  )
  .put(
    '/onboarding',
    allow('userOnboarding.update'),
    validate('json', OnboardingDto),
    answers(200, OnboardingResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const change = c.req.valid('json')
      await mergeUserMetadata(deps.db, { viewerId, key: 'onboarding', change })
      return c.json(change)
    },
  )
  .delete('/onboarding', allow('userOnboarding.delete'), answers(204), async (c) => {
    const { deps, viewerId } = c.var
    await deleteUserMetadata(deps.db, { viewerId, key: 'onboarding' })
    return c.body(null, 204)
  })
  // Immich sells keys for its own server. Here nothing is sold, so nobody has one and none is accepted.
  .get('/license', allow('userLicense.read'), answers(200, LicenseResponseDto), () => {
    throw new AppError('not_found', 'No license')
  })
  .put(
    '/license',
    allow('userLicense.update'),
    validate('json', LicenseKeyDto),
    answers(200, LicenseResponseDto),
    () => {
      throw new AppError('bad_request', 'Invalid license key')
    },
  )
  .delete('/license', allow('userLicense.delete'), answers(204), (c) => c.body(null, 204))

export const userRoutes = new Hono<AppEnv>()
  .route('/me', myRoutes)
  .get('/', allow('user.read'), answers(200, z.array(UserResponseDto)), async (c) => {
    const { deps, viewer, viewerId } = c.var
    const { server } = await readSystemConfig(deps.db)
    const seesAll = server.publicUsers || viewer.isAdmin
    const users = await listUsers(deps.db, seesAll ? {} : { userId: viewerId })
    return c.json(users.map(presentUser))
  })
  .get(
    '/:id',
    allow('user.read'),
    validate('param', UserParams),
    answers(200, UserResponseDto),
    async (c) => {
      const user = await findUser(c.var.deps.db, c.req.valid('param').id)
      if (!user) throw new AppError('no_access', 'User not found')
      return c.json(presentUser(user))
    },
  )
