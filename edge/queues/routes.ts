import { Hono } from 'hono'
import { z } from 'zod'
import {
  QueueDeleteDto,
  QueueJobResponseDto as QueueJob,
  type QueueJobResponseDto,
  type QueueJobStatus,
  QueueJobsQuery,
  QueueParams,
  QueueResponseDto,
  QueueUpdateDto,
  RetriedJobsDto,
} from '#contracts/api/queues.ts'
import type { AppEnv } from '../app-env.ts'
import { allowAdmin } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { immichJobName } from './immich-job-names.ts'
import { type JobFacts, queuesOf } from './queues-of.ts'

const EVERY_STATUS: QueueJobStatus[] = ['active', 'waiting', 'delayed', 'failed']

export const queueRoutes = new Hono<AppEnv>()
  .get('/', allowAdmin('queue.read'), answers(200, z.array(QueueResponseDto)), async (c) =>
    c.json(await queuesOf(c.env, c.var.requestId).list()),
  )
  .get(
    '/:name',
    allowAdmin('queue.read'),
    validate('param', QueueParams),
    answers(200, QueueResponseDto),
    async (c) => c.json(await queuesOf(c.env, c.var.requestId).find(c.req.valid('param').name)),
  )
  .put(
    '/:name',
    allowAdmin('queue.update'),
    validate('param', QueueParams),
    validate('json', QueueUpdateDto),
    answers(200, QueueResponseDto),
    async (c) => {
      const queues = queuesOf(c.env, c.var.requestId)
      const { name } = c.req.valid('param')
      const { isPaused } = c.req.valid('json')
      if (isPaused === undefined) return c.json(await queues.find(name))
      return c.json(await (isPaused ? queues.pause(name) : queues.resume(name)))
    },
  )
  .get(
    '/:name/jobs',
    allowAdmin('queueJob.read'),
    validate('param', QueueParams),
    validate('query', QueueJobsQuery),
    answers(200, z.array(QueueJob)),
    async (c) => {
      const queues = queuesOf(c.env, c.var.requestId)
      const { name } = c.req.valid('param')
      const states = c.req.valid('query').status ?? EVERY_STATUS
      const jobs = await Promise.all(states.map((status) => queues.listJobs(name, status)))
      return c.json(jobs.flat().map(presentJob))
    },
  )
  .delete(
    '/:name/jobs',
    allowAdmin('queueJob.delete'),
    validate('param', QueueParams),
    validate('json', QueueDeleteDto),
    answers(204),
    async (c) => {
      const queues = queuesOf(c.env, c.var.requestId)
      const { name } = c.req.valid('param')
      await queues.empty(name)
      if (c.req.valid('json').failed) await queues.clearFailed(name)
      return c.body(null, 204)
    },
  )
  // Ours: gives jobs that used up their tries new ones.
  .post(
    '/:name/retry-failed',
    allowAdmin('queueJob.update'),
    validate('param', QueueParams),
    answers(200, RetriedJobsDto),
    async (c) =>
      c.json(await queuesOf(c.env, c.var.requestId).retryFailed(c.req.valid('param').name)),
  )

function presentJob({ id, name, data, timestamp, reason }: JobFacts): QueueJobResponseDto {
  return { id, name: immichJobName(name), data, timestamp, ...(reason && { reason }) }
}
