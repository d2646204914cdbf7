import type { MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import { withFact } from './route-facts.ts'

/** Says what a route answers when all goes well, for `/api/openapi.json`: `answers(201, UserAdminResponseDto)`. */
export function answers(
  status: number,
  schema?: z.ZodType,
  contentType = 'application/json',
): MiddlewareHandler {
  return withFact((_c, next) => next(), { answer: { status, schema, contentType } })
}
