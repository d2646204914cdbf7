import { z } from 'zod'
import { queueNames } from '../jobs/define-job.ts'

export const QueueName = z.enum(queueNames).meta({ id: 'QueueName' })
export const QueueParams = z.object({ name: QueueName })

const count = z.number().int()

export const QueueStatisticsDto = z
  .object({
    active: count,
    completed: count,
    delayed: count,
    failed: count,
    paused: count,
    waiting: count,
  })
  .meta({ id: 'QueueStatisticsDto' })

export const QueueResponseDto = z
  .object({ name: QueueName, isPaused: z.boolean(), statistics: QueueStatisticsDto })
  .meta({ id: 'QueueResponseDto' })
export type QueueResponseDto = z.infer<typeof QueueResponseDto>

export const QueueUpdateDto = z
  .object({ isPaused: z.boolean().optional() })
  .meta({ id: 'QueueUpdateDto' })

export const QueueDeleteDto = z
  .object({ failed: z.boolean().optional() })
  .meta({ id: 'QueueDeleteDto' })

export const QueueJobStatus = z
  .enum(['active', 'failed', 'completed', 'delayed', 'waiting', 'paused'])
  .meta({ id: 'QueueJobStatus' })
export type QueueJobStatus = z.infer<typeof QueueJobStatus>

export const QueueJobsQuery = z.object({
  status: z
    .union([QueueJobStatus, z.array(QueueJobStatus)])
    .transform((status) => (Array.isArray(status) ? status : [status]))
    .optional()
    .meta({ openapi: { type: 'array', items: { $ref: '#/components/schemas/QueueJobStatus' } } }),
})

/** `reason` is ours: why a failed job failed. */
export const QueueJobResponseDto = z
  .object({
    id: z.string().optional(),
    name: z.string().meta({ id: 'JobName' }),
    data: z.record(z.string(), z.unknown()),
    timestamp: count,
    reason: z.string().nullable().optional(),
  })
  .meta({ id: 'QueueJobResponseDto' })
export type QueueJobResponseDto = z.infer<typeof QueueJobResponseDto>

export const RetriedJobsDto = z.object({ retried: count }).meta({ id: 'RetriedJobsDto' })

export const QueueCommandDto = z
  .object({
    command: z
      .enum(['start', 'pause', 'resume', 'empty', 'clear-failed'])
      .meta({ id: 'QueueCommand' }),
    force: z.boolean().optional(),
  })
  .meta({ id: 'QueueCommandDto' })

export const QueueResponseLegacyDto = z
  .object({
    jobCounts: QueueStatisticsDto,
    queueStatus: z
      .object({ isActive: z.boolean(), isPaused: z.boolean() })
      .meta({ id: 'QueueStatusLegacyDto' }),
  })
  .meta({ id: 'QueueResponseLegacyDto' })
export type QueueResponseLegacyDto = z.infer<typeof QueueResponseLegacyDto>

export const QueuesResponseLegacyDto = z
  .object(
    Object.fromEntries(queueNames.map((name) => [name, QueueResponseLegacyDto])) as Record<
      (typeof queueNames)[number],
      typeof QueueResponseLegacyDto
    >,
  )
  .meta({ id: 'QueuesResponseLegacyDto' })
