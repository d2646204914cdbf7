import type { MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import { type RouteFact, withFact } from './route-facts.ts'

const says = (fact: RouteFact): MiddlewareHandler => withFact((_c, next) => next(), fact)

/** Says what a route answers when all goes well, for `/api/openapi.json`: `answers(201, UserAdminResponseDto)`. */
export const answers = (status: number, schema?: z.ZodType, contentType = 'application/json') =>
  says({ answer: { status, schema, contentType } })

/** Says what form a route reads that parses its body as it streams, where `validate` would buffer it. */
export const readsForm = (schema: z.ZodType) => says({ input: { target: 'form', schema } })
