import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import {
  QueueJobResponseDto,
  QueueResponseDto,
  QueueResponseLegacyDto,
  QueuesResponseLegacyDto,
} from '#contracts/api/queues.ts'
import type { AssetId } from '#contracts/ids.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import { newId } from '#contracts/new-id.ts'
import { insertJobs, markJobFailed } from '#db/queries/outbox.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { listRows } from '#test/helpers/job-system.ts'
import { seedAssets, seedUser } from '#test/helpers/seed.ts'
import { until } from '#test/helpers/until.ts'
import { createTestValkey } from '#test/helpers/valkey.ts'
import { createLog } from '#workers/runtime/log.ts'
import { startDispatcher } from '../../workers/dispatcher/start-dispatcher.ts'

const edge = await createTestEdge()
const { settings } = edge.env
const dispatcher = await startDispatcher({
  db: edge.db,
  listenUrl: edge.database.appUrl,
  valkey: createTestValkey(),
  http: { host: '127.0.0.1', port: 0, secret: settings.DISPATCHER_SECRET },
  log: createLog({ process: 'test', level: 'fatal' }),
  schedules: [],
})
atEndOfFile(dispatcher.stop)
const here = `http://127.0.0.1:${dispatcher.port}`
settings.DISPATCHER_URL = here
const admin = edge.as(edge.admin)
const QUEUE = 'thumbnailGeneration'

afterEach(async () => {
  settings.DISPATCHER_URL = here
  await admin.put(`/api/queues/${QUEUE}`, { isPaused: false })
  await admin.request(`/api/queues/${QUEUE}/jobs`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ failed: true }),
  })
})

const job = () => makeThumbnails.message({ assetId: newId<AssetId>() })
const describe = async () =>
  QueueResponseDto.parse(await (await admin.get(`/api/queues/${QUEUE}`)).json())

test('every queue of Immich is listed, in both of its APIs', async () => {
  const queues = z.array(QueueResponseDto).parse(await (await admin.get('/api/queues')).json())
  const older = QueuesResponseLegacyDto.parse(await (await admin.get('/api/jobs')).json())

  expect(queues).toHaveLength(19)
  expect(Object.keys(older).sort()).toEqual(queues.map(({ name }) => name).sort())
})

test('pausing holds jobs back, resuming lets them go', async () => {
  const paused = await admin.put(`/api/jobs/${QUEUE}`, { command: 'pause', force: false })
  await insertJobs(edge.db, [job()])

  expect(QueueResponseLegacyDto.parse(await paused.json()).queueStatus.isPaused).toBe(true)
  await until(async () => (await describe()).statistics.paused === 1)

  const resumed = await admin.put(`/api/queues/${QUEUE}`, { isPaused: false })

  expect(QueueResponseDto.parse(await resumed.json()).isPaused).toBe(false)
  await until(async () => (await describe()).statistics.waiting === 1)
})

test('failed jobs are listed with their reason, and get new tries', async () => {
  await admin.put(`/api/queues/${QUEUE}`, { isPaused: true })
  await insertJobs(edge.db, [job()])
  const [row] = await listRows(edge.db)
  await markJobFailed(edge.db, { id: row?.id ?? '', reason: 'The file is torn' })

  const listed = await admin.get(`/api/queues/${QUEUE}/jobs?status=failed`)

  const jobs = z.array(QueueJobResponseDto).parse(await listed.json())
  expect(jobs).toMatchObject([
    { id: row?.id, name: 'AssetGenerateThumbnails', reason: 'The file is torn' },
  ])

  const retried = await admin.post(`/api/queues/${QUEUE}/retry-failed`)

  expect(await retried.json()).toEqual({ retried: 1 })
  expect((await describe()).statistics.failed).toBe(0)
})

test('starting thumbnails gives a job to what has none, forced to everything', async () => {
  await admin.put(`/api/queues/${QUEUE}`, { isPaused: true })
  const ownerId = await seedUser(edge.db)
  const [done, missing] = await seedAssets(edge.db, { ownerId, count: 2 })
  await edge.db.execute(`update assets set thumbnailed_at = now() where id = '${done}'`)
  const idsOf = async () =>
    (await listRows(edge.db))
      .filter(({ queue }) => queue === QUEUE)
      .map(({ payload }) => payload.assetId)
      .sort()

  await admin.put(`/api/jobs/${QUEUE}`, { command: 'start', force: false })
  expect(await idsOf()).toEqual([missing])
  await admin.put(`/api/jobs/${QUEUE}`, { command: 'empty' })
  await admin.put(`/api/jobs/${QUEUE}`, { command: 'start', force: true })

  expect(await idsOf()).toEqual([done, missing].sort())
})

test('a queue in which nothing can be started says so', async () => {
  const response = await admin.put('/api/jobs/backupDatabase', { command: 'start' })

  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({
    message: 'There is nothing to start in the queue backupDatabase',
  })
})

test('without a dispatcher the answer is that it cannot be reached', async () => {
  settings.DISPATCHER_URL = 'http://127.0.0.1:9'

  const response = await admin.get('/api/queues')

  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({ message: 'The job queues cannot be reached' })
})
