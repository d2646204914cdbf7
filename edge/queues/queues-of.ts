import { z } from 'zod'
import { type QueueJobStatus, QueueResponseDto, RetriedJobsDto } from '#contracts/api/queues.ts'
import { AppError } from '#contracts/errors.ts'
import type { QueueName } from '#contracts/jobs/define-job.ts'
import type { EdgeEnv } from '../bindings.ts'

const ANSWER_TIMEOUT_MS = 8000

const JobFacts = z.object({
  id: z.string(),
  name: z.string(),
  data: z.record(z.string(), z.unknown()),
  timestamp: z.number(),
  reason: z.string().nullable().optional(),
})
export type JobFacts = z.infer<typeof JobFacts>

type Order = 'pause' | 'resume' | 'empty' | 'retry-failed' | 'clear-failed'

/** What may be asked of the queues: the dispatcher answers, so that the edge never speaks to Valkey. */
export type Queues = ReturnType<typeof queuesOf>

export function queuesOf({ dispatcher, settings }: EdgeEnv, requestId: string) {
  async function ask<Answer extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    answer: Answer,
  ): Promise<z.output<Answer>> {
    const response = await dispatcher
      .fetch(new URL(path, settings.DISPATCHER_URL).href, {
        method,
        headers: {
          Authorization: `Bearer ${settings.DISPATCHER_SECRET}`,
          'X-Correlation-ID': requestId,
        },
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      })
      .catch((cause: unknown) => {
        throw new AppError('busy', 'The job queues cannot be reached', { cause })
      })
    if (response.status === 503) throw new AppError('busy', 'The job queues do not answer')
    if (!response.ok) throw new Error(`dispatcher ${path}: status ${response.status}`)
    return answer.parse(await response.json())
  }

  const order = <Answer extends z.ZodType>(name: QueueName, what: Order, answer: Answer) =>
    ask('POST', `/queues/${name}/${what}`, answer)

  return {
    list: () => ask('GET', '/queues', z.array(QueueResponseDto)),
    find: (name: QueueName) => ask('GET', `/queues/${name}`, QueueResponseDto),
    listJobs: (name: QueueName, status: QueueJobStatus) =>
      ask('GET', `/queues/${name}/jobs?status=${status}`, z.array(JobFacts)),
    pause: (name: QueueName) => order(name, 'pause', QueueResponseDto),
    resume: (name: QueueName) => order(name, 'resume', QueueResponseDto),
    empty: (name: QueueName) => order(name, 'empty', QueueResponseDto),
    retryFailed: (name: QueueName) => order(name, 'retry-failed', RetriedJobsDto),
    clearFailed: (name: QueueName) => order(name, 'clear-failed', z.unknown()),
  }
}
