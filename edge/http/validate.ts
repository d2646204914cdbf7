import type { Env, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ValidationTargets } from 'hono/types'
import { validator } from 'hono/validator'
import type { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import { ValidationError } from './errors.ts'
import { withFact } from './route-facts.ts'

type Validated<Target extends string, Schema extends z.ZodType> = MiddlewareHandler<
  Env,
  string,
  { in: Record<Target, z.input<Schema>>; out: Record<Target, z.output<Schema>> }
>

/** Room for the largest lists that clients send (checksums of 5000 files), and no more: JSON is held in memory. */
const JSON_MAX_BYTES = 8 * 1024 * 1024

const limitJson = bodyLimit({
  maxSize: JSON_MAX_BYTES,
  onError: () => {
    throw new AppError('too_large', 'Payload Too Large')
  },
})

/** Everything from outside passes here; behind it `c.req.valid(target)` is typed and trusted. */
export function validate<Target extends keyof ValidationTargets, Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
): Validated<Target, Schema> {
  // hono's own type spells out the same in terms of its response types.
  const parse = validator(target, async (value) => {
    const parsed = await schema.safeParseAsync(value)
    if (!parsed.success) throw new ValidationError(parsed.error.issues)
    return parsed.data as object // every schema of a target is an object or an array
  }) as unknown as Validated<Target, Schema>
  const middleware: Validated<Target, Schema> =
    target === 'json' ? (c, next) => limitJson(c, async () => void (await parse(c, next))) : parse
  return withFact(middleware, { input: { target, schema } })
}
