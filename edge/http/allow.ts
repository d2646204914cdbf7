import type { Context, MiddlewareHandler } from 'hono'
import { AppError } from '#contracts/errors.ts'
import { isGranted, type Permission } from '#contracts/permissions.ts'
import type { AppEnv } from '../app-env.ts'
import { findViewer } from '../authentication/find-viewer.ts'
import type { Viewer } from '../authentication/viewer.ts'
import { refuseCrossSite } from './cross-site.ts'
import { withFact } from './route-facts.ts'

async function admit(c: Context<AppEnv>, permission: Permission | undefined): Promise<Viewer> {
  const viewer = await findViewer(c)
  if (viewer.proof.kind === 'apiKey' && permission) {
    const granted = viewer.proof.permissions
    if (!isGranted({ granted, required: [permission] })) {
      throw new AppError('missing_permission', `Missing required permission: ${permission}`)
    }
  }
  c.set('viewer', viewer)
  c.set('viewerId', viewer.id)
  return viewer
}

/** The route is for signed-in users; an API key needs this permission, or none when it is left out. */
export function allow(permission?: Permission): MiddlewareHandler<AppEnv> {
  const middleware: MiddlewareHandler<AppEnv> = async (c, next) => {
    await admit(c, permission)
    await next()
  }
  return withFact(middleware, { access: { kind: 'user', permission } })
}

/** The route is for administrators; their API key needs this permission as well. */
export function allowAdmin(permission?: Permission): MiddlewareHandler<AppEnv> {
  const middleware: MiddlewareHandler<AppEnv> = async (c, next) => {
    const viewer = await admit(c, permission)
    if (!viewer.isAdmin) throw new AppError('forbidden', 'Forbidden')
    await next()
  }
  return withFact(middleware, { access: { kind: 'admin', permission } })
}

/** The route answers anybody. Changing state from another site's page is refused all the same. */
export const publicRoute: MiddlewareHandler<AppEnv> = withFact<MiddlewareHandler<AppEnv>>(
  async (c, next) => {
    refuseCrossSite(c)
    await next()
  },
  { access: { kind: 'public' } },
)
