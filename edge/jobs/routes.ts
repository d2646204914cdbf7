import { Hono } from 'hono'
import {
  QueueCommandDto,
  QueueParams,
  type QueueResponseDto,
  QueueResponseLegacyDto,
  QueuesResponseLegacyDto,
} from '#contracts/api/queues.ts'
import type { AppEnv } from '../app-env.ts'
import { allowAdmin } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { queuesOf } from '../queues/queues-of.ts'
import { startQueue } from './start-queue.ts'

/** The older of Immich's two APIs for queues; immich-go and its web app use it. */
export const jobRoutes = new Hono<AppEnv>()
  .get('/', allowAdmin('job.read'), answers(200, QueuesResponseLegacyDto), async (c) => {
    const queues = await queuesOf(c.env, c.var.requestId).list()
    return c.json(Object.fromEntries(queues.map((queue) => [queue.name, present(queue)])))
  })
  .put(
    '/:name',
    allowAdmin('job.create'),
    validate('param', QueueParams),
    validate('json', QueueCommandDto),
    answers(200, QueueResponseLegacyDto),
    async (c) => {
      const queues = queuesOf(c.env, c.var.requestId)
      const { name } = c.req.valid('param')
      const { command, force } = c.req.valid('json')
      if (command === 'start') await startQueue({ name, isForced: force === true }, c.var.deps)
      if (command === 'pause') await queues.pause(name)
      if (command === 'resume') await queues.resume(name)
      if (command === 'empty') await queues.empty(name)
      if (command === 'clear-failed') await queues.clearFailed(name)
      return c.json(present(await queues.find(name)))
    },
  )

function present({ isPaused, statistics }: QueueResponseDto): QueueResponseLegacyDto {
  return {
    jobCounts: statistics,
    queueStatus: { isPaused, isActive: statistics.active > 0 },
  }
}
