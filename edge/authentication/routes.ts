import { Hono } from 'hono'
import {
  AuthStatusResponseDto,
  ChangePasswordDto,
  LoginCredentialDto,
  LoginResponseDto,
  LogoutResponseDto,
  SignUpDto,
  ValidateAccessTokenResponseDto,
} from '#contracts/api/authentication.ts'
import { UserAdminResponseDto } from '#contracts/api/users.ts'
import { endSession } from '#contracts/events.ts'
import { deleteSession } from '#db/queries/sessions.ts'
import type { AppEnv } from '../app-env.ts'
import { allow, publicRoute } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { presentUserAdmin } from '../users/present-user.ts'
import { changePassword } from './change-password.ts'
import { deviceOf } from './device.ts'
import { findAuthStatus } from './find-auth-status.ts'
import { logIn } from './login.ts'
import { clearSessionCookies, setSessionCookies } from './session-cookies.ts'
import { signUpAdmin } from './sign-up.ts'

const AFTER_LOGOUT = '/auth/login?autoLaunch=0'

export const authenticationRoutes = new Hono<AppEnv>()
  .post(
    '/admin-sign-up',
    publicRoute,
    validate('json', SignUpDto),
    answers(201, UserAdminResponseDto),
    async (c) => {
      const signUp = c.req.valid('json')
      const signupCode = signUp.signupCode ?? c.req.header('x-signup-code')
      const { address } = c.var.client
      const admin = await signUpAdmin(c.var.deps, { address, signupCode }, signUp)
      return c.json(presentUserAdmin(admin), 201)
    },
  )
  .post(
    '/login',
    publicRoute,
    validate('json', LoginCredentialDto),
    answers(201, LoginResponseDto),
    async (c) => {
      const from = { address: c.var.client.address, device: deviceOf(c.req.raw.headers) }
      const login = await logIn(c.var.deps, from, c.req.valid('json'))
      setSessionCookies(c, login.accessToken)
      return c.json(login, 201)
    },
  )
  .post('/logout', allow(), answers(200, LogoutResponseDto), async (c) => {
    const { deps, viewer } = c.var
    if (viewer.proof.kind === 'session') {
      const { sessionId } = viewer.proof
      await deleteSession(deps.db, { viewerId: viewer.id, sessionId })
      deps.push(endSession(viewer.id, sessionId))
    }
    clearSessionCookies(c)
    return c.json({ successful: true, redirectUri: AFTER_LOGOUT })
  })
  .post('/validateToken', allow(), answers(200, ValidateAccessTokenResponseDto), (c) =>
    c.json({ authStatus: true }),
  )
  .get('/status', allow(), answers(200, AuthStatusResponseDto), async (c) =>
    c.json(await findAuthStatus(c.var.deps, c.var.viewer)),
  )
  .post(
    '/change-password',
    allow('auth.changePassword'),
    validate('json', ChangePasswordDto),
    answers(200, UserAdminResponseDto),
    async (c) => {
      const { deps, viewer, client } = c.var
      const who = { viewer, address: client.address }
      return c.json(presentUserAdmin(await changePassword(deps, who, c.req.valid('json'))))
    },
  )
