import { z } from 'zod'
import { wholeNumber } from './common.ts'

/**
 * - waiting: it will be imported
 * - importing: a worker reads it
 * - refused: it stays where it is; `reason` says why
 */
export const InboxObjectState = z.enum(['waiting', 'importing', 'refused'])
export type InboxObjectState = z.infer<typeof InboxObjectState>

export const InboxObjectDto = z
  .object({
    /** As it is named in the bucket: `inbox/<userId>/…`. */
    key: z.string(),
    /** The key without the prefix, as the person named it. */
    name: z.string(),
    sizeBytes: wholeNumber,
    lastModified: z.iso.datetime(),
    state: InboxObjectState,
    reason: z.string().nullable(),
  })
  .meta({ id: 'InboxObjectDto' })
export type InboxObjectDto = z.infer<typeof InboxObjectDto>

/** `GET /api/inbox?cursor=…`: refused ones first, then in the order of keys. */
export const InboxQuery = z.object({
  cursor: z.string().min(1).max(4096).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
})

/** What an S3 tool has to be told: path style, signature version 4. */
export const InboxPlaceDto = z.object({
  endpoint: z.url(),
  region: z.string(),
  bucket: z.string(),
  /** Ends in a slash. What is put below it becomes assets. */
  prefix: z.string(),
})
export type InboxPlaceDto = z.infer<typeof InboxPlaceDto>

export const InboxResponseDto = z
  .object({
    ...InboxPlaceDto.shape,
    /** Whether `POST /api/inbox/credentials` will answer; if not, `reason` says why. */
    credentials: z.object({
      isAvailable: z.boolean(),
      reason: z.string().nullable(),
      minDurationSeconds: wholeNumber,
      maxDurationSeconds: wholeNumber,
    }),
    counts: z.object({ waiting: wholeNumber, importing: wholeNumber, refused: wholeNumber }),
    objects: z.array(InboxObjectDto),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'InboxResponseDto' })
export type InboxResponseDto = z.infer<typeof InboxResponseDto>

/** What S3's own AssumeRole takes at least, and at most. */
export const CREDENTIALS_MIN_SECONDS = 15 * 60
export const CREDENTIALS_MAX_SECONDS = 7 * 24 * 60 * 60

export const InboxCredentialsCreateDto = z
  .object({
    durationSeconds: z
      .number()
      .int()
      .min(CREDENTIALS_MIN_SECONDS)
      .max(CREDENTIALS_MAX_SECONDS)
      .default(12 * 60 * 60),
  })
  .meta({ id: 'InboxCredentialsCreateDto' })
export type InboxCredentialsCreateDto = z.infer<typeof InboxCredentialsCreateDto>

/** Shown once; the store alone knows them. They reach the prefix and nothing else, until they expire. */
export const InboxCredentialsResponseDto = z
  .object({
    ...InboxPlaceDto.shape,
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'InboxCredentialsResponseDto' })
export type InboxCredentialsResponseDto = z.infer<typeof InboxCredentialsResponseDto>

/** `DELETE /api/inbox/objects` removes them from the bucket; `POST /api/inbox/retry` looks at refused ones again. */
export const InboxKeysDto = z
  .object({ keys: z.array(z.string().min(1).max(1024)).min(1).max(1000) })
  .meta({ id: 'InboxKeysDto' })
export type InboxKeysDto = z.infer<typeof InboxKeysDto>
