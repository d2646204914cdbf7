import { z } from 'zod'
import { SessionId } from '../ids.ts'

export const SessionParams = z.object({ id: SessionId })

/** A hundred years: what is longer overflows an instant. */
const MAX_DURATION_SECONDS = 100 * 366 * 24 * 3600

export const SessionCreateDto = z
  .object({
    /** Seconds. */
    duration: z.number().int().min(1).max(MAX_DURATION_SECONDS).optional(),
    deviceType: z.string().max(200).optional(),
    deviceOS: z.string().max(200).optional(),
  })
  .meta({ id: 'SessionCreateDto' })
export type SessionCreateDto = z.infer<typeof SessionCreateDto>

export const SessionUpdateDto = z
  .object({ isPendingSyncReset: z.boolean().optional() })
  .meta({ id: 'SessionUpdateDto' })

export const SessionResponseDto = z
  .object({
    id: SessionId,
    createdAt: z.string(),
    updatedAt: z.string(),
    expiresAt: z.string().optional(),
    current: z.boolean(),
    deviceType: z.string(),
    deviceOS: z.string(),
    appVersion: z.string().nullable(),
    isPendingSyncReset: z.boolean(),
  })
  .meta({ id: 'SessionResponseDto' })
export type SessionResponseDto = z.infer<typeof SessionResponseDto>

export const SessionCreateResponseDto = SessionResponseDto.extend({ token: z.string() }).meta({
  id: 'SessionCreateResponseDto',
})
export type SessionCreateResponseDto = z.infer<typeof SessionCreateResponseDto>
