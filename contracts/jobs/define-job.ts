import type { z } from 'zod'

/** Immich's queue names, so that its job screens and API work unchanged. */
export const queueNames = [
  'thumbnailGeneration',
  'metadataExtraction',
  'videoConversion',
  'faceDetection',
  'facialRecognition',
  'smartSearch',
  'duplicateDetection',
  'backgroundTask',
  'storageTemplateMigration',
  'migration',
  'search',
  'sidecar',
  'library',
  'notifications',
  'backupDatabase',
  'ocr',
  'workflow',
  'integrityCheck',
  'editor',
] as const

export type QueueName = (typeof queueNames)[number]

/** What a producer hands to the query that writes the row; it becomes one outbox row in the same batch. */
export type JobMessage = {
  name: string
  queue: QueueName
  payload: Record<string, unknown>
  dedupeKey: string | null
  attempts: number
  priority: number
}

export type JobDefinition<Payload extends z.ZodType = z.ZodType> = {
  name: string
  queue: QueueName
  payload: Payload
  attempts: number
  message(payload: z.input<Payload>): JobMessage
}

type JobInput<Payload extends z.ZodType> = {
  name: string
  queue: QueueName
  payload: Payload
  /** While a job with the same key waits, another message for it adds nothing. */
  dedupeKey?: (payload: z.output<Payload>) => string
  attempts: number
  /** BullMQ's priority: 0 before all, then 1 (high) to 2097152 (low). */
  priority?: number
}

export function defineJob<Payload extends z.ZodType>(job: JobInput<Payload>) {
  return {
    name: job.name,
    queue: job.queue,
    payload: job.payload,
    attempts: job.attempts,
    message(input: z.input<Payload>): JobMessage {
      const payload = job.payload.parse(input)
      return {
        name: job.name,
        queue: job.queue,
        payload: payload as Record<string, unknown>, // every job's payload schema is an object
        dedupeKey: job.dedupeKey ? `${job.name}:${job.dedupeKey(payload)}` : null,
        attempts: job.attempts,
        priority: job.priority ?? 0,
      }
    },
  }
}

export type PayloadOf<Job extends { payload: z.ZodType }> = z.output<Job['payload']>
