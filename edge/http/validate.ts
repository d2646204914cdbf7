import type { Env, MiddlewareHandler } from 'hono'
import type { ValidationTargets } from 'hono/types'
import { validator } from 'hono/validator'
import type { z } from 'zod'
import { ValidationError } from './errors.ts'
import { withFact } from './route-facts.ts'

type Validated<Target extends string, Schema extends z.ZodType> = MiddlewareHandler<
  Env,
  string,
  { in: Record<Target, z.input<Schema>>; out: Record<Target, z.output<Schema>> }
>

/** Everything from outside passes here; behind it `c.req.valid(target)` is typed and trusted. */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
): Validated<Target, Schema> {
  const middleware = validator(target, async (value) => {
    const parsed = await schema.safeParseAsync(value)
    if (!parsed.success) throw new ValidationError(parsed.error.issues)
    return parsed.data as object // every schema of a target is an object or an array
  })
  // hono's own type spells out the same in terms of its response types.
  return withFact(middleware as unknown as Validated<Target, Schema>, { input: { target, schema } })
}
