import { z } from 'zod'

export const IMMICH_VERSION = { major: 3, minor: 0, patch: 3 } as const

export const ErrorDto = z
  .object({ message: z.string(), errors: z.array(z.unknown()).optional() })
  .meta({ id: 'ErrorDto' })

/** A boolean in a query string: `true` or `false`. */
export const queryBoolean = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ openapi: { type: 'boolean' } })

/** Bytes and counts: whole numbers that JavaScript holds exactly. */
export const wholeNumber = z.number().int().nonnegative()
