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

export const BulkIdErrorReason = z
  .enum(['duplicate', 'no_permission', 'not_found', 'unknown', 'validation'])
  .meta({ id: 'BulkIdErrorReason' })
export type BulkIdErrorReason = z.infer<typeof BulkIdErrorReason>

/** One per id of a request that succeeds in part. */
export const BulkIdResponseDto = z
  .object({ id: z.uuid(), success: z.boolean(), error: BulkIdErrorReason.optional() })
  .meta({ id: 'BulkIdResponseDto' })
export type BulkIdResponseDto = z.infer<typeof BulkIdResponseDto>

/** A point in time to compare with. Postgres knows neither a year 0 nor zones that far away. */
export const instant = z.iso
  .datetime({ offset: true })
  .regex(/^(?!0000)/, 'must be a date of our era')
  .regex(/(?:Z|[+-](?:0\d|1[0-5]):?\d\d)$/, 'must be less than 16 hours from UTC')
