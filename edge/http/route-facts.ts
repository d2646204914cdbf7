import type { MiddlewareHandler } from 'hono'
import type { ValidationTargets } from 'hono/types'
import type { z } from 'zod'
import type { Permission } from '#contracts/permissions.ts'

export type Access =
  | { kind: 'public' }
  | { kind: 'user'; permission: Permission | undefined }
  | { kind: 'admin'; permission: Permission | undefined }

/** What a route's middlewares say of it. Tests and `/api/openapi.json` read it from `app.routes`. */
export type RouteFact =
  | { access: Access }
  | { input: { target: keyof ValidationTargets; schema: z.ZodType } }
  | { answer: { status: number; schema: z.ZodType | undefined; contentType: string } }

const FACT = Symbol('route fact')

// The type of the middleware must survive, since it carries the types of validated input.
export function withFact<Middleware extends MiddlewareHandler>(
  middleware: Middleware,
  fact: RouteFact,
): Middleware {
  return Object.assign(middleware, { [FACT]: fact })
}

export function factOf(handler: unknown): RouteFact | undefined {
  return (handler as { [FACT]?: RouteFact })[FACT]
}
