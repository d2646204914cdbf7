import { Hono } from 'hono'
import { z } from 'zod'
import {
  SessionCreateDto,
  SessionCreateResponseDto,
  SessionParams,
  SessionResponseDto,
  SessionUpdateDto,
} from '#contracts/api/sessions.ts'
import { AppError } from '#contracts/errors.ts'
import { endSession, endSessions } from '#contracts/events.ts'
import { deleteSession, deleteSessions, listSessions, updateSession } from '#db/queries/sessions.ts'
import type { AppEnv } from '../app-env.ts'
import { openSession } from '../authentication/open-session.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { presentSession } from './present-session.ts'

export const sessionRoutes = new Hono<AppEnv>()
  .get('/', allow('session.read'), answers(200, z.array(SessionResponseDto)), async (c) => {
    const { deps, viewer, viewerId } = c.var
    const sessions = await listSessions(deps.db, { viewerId, now: deps.clock() })
    return c.json(sessions.map((session) => presentSession(session, viewer)))
  })
  .post(
    '/',
    allow('session.create'),
    validate('json', SessionCreateDto),
    answers(201, SessionCreateResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      if (viewer.proof.kind !== 'session') {
        throw new AppError('bad_request', 'This endpoint can only be used with a session token')
      }
      const { duration, deviceType = '', deviceOS: deviceOs = '' } = c.req.valid('json')
      const expiresAt = duration ? new Date(deps.clock().getTime() + duration * 1000) : null
      const device = { deviceType, deviceOs, appVersion: null }
      const opened = await openSession(deps, { userId: viewer.id, ...device, expiresAt })
      return c.json({ ...presentSession(opened.session, viewer), token: opened.token }, 201)
    },
  )
  .delete('/', allow('session.delete'), answers(204), async (c) => {
    const { deps, viewer, viewerId } = c.var
    const except = viewer.proof.kind === 'session' ? viewer.proof.sessionId : undefined
    await deleteSessions(deps.db, { viewerId, except })
    deps.push([endSessions(viewerId, except)])
    return c.body(null, 204)
  })
  .put(
    '/:id',
    allow('session.update'),
    validate('param', SessionParams),
    validate('json', SessionUpdateDto),
    answers(200, SessionResponseDto),
    async (c) => {
      const { deps, viewer, viewerId } = c.var
      const { isPendingSyncReset } = c.req.valid('json')
      if (isPendingSyncReset === undefined) throw new AppError('bad_request', 'No fields to update')
      const scope = { viewerId, sessionId: c.req.valid('param').id }
      const session = await updateSession(deps.db, { ...scope, change: { isPendingSyncReset } })
      if (!session) throw new AppError('no_access', 'Not found or no session.update access')
      return c.json(presentSession(session, viewer))
    },
  )
  .delete(
    '/:id',
    allow('session.delete'),
    validate('param', SessionParams),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const scope = { viewerId, sessionId: c.req.valid('param').id }
      // Immich names this access so, whatever the route's permission is called.
      if (!(await deleteSession(deps.db, scope))) {
        throw new AppError('no_access', 'Not found or no authDevice.delete access')
      }
      deps.push(endSession(viewerId, scope.sessionId))
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/lock',
    allow('session.lock'),
    validate('param', SessionParams),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const scope = { viewerId, sessionId: c.req.valid('param').id }
      const locked = await updateSession(deps.db, { ...scope, change: { pinExpiresAt: null } })
      if (!locked) throw new AppError('no_access', 'Not found or no session.lock access')
      return c.body(null, 204)
    },
  )
