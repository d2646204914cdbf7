import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { updatePausedQueue } from '#db/queries/housekeeping.ts'
import { claimOutbox, insertJobs } from '#db/queries/outbox.ts'
import { count, quiet } from '#test/fixtures/test-jobs.ts'
import { createTestDatabase, type TestDatabase } from '#test/helpers/database.ts'
import { createTestValkey } from '#test/helpers/valkey.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import { connectValkey, disconnectValkey } from '#workers/runtime/valkey.ts'
import { openQueues } from './queues.ts'
import { createResend } from './resend.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  await updatePausedQueue(database.db, { queue: 'backgroundTask', isPaused: true })
})

/** A dispatcher's way into an empty Valkey, which notes what it does there: one queue is paused, and jobs come into it. */
function setup() {
  const { db } = database
  const { url, prefix } = createTestValkey()
  const valkey = connectValkey({ url, log: quiet })
  const queues = openQueues({ valkey, prefix })
  const done: string[] = []
  const noting: typeof queues = {
    ...queues,
    async pause(name) {
      const isMarked = await valkey.exists(`${prefix}:outbox-marker`)
      done.push(isMarked ? 'pauses again' : 'pauses')
      await queues.pause(name)
    },
    async add(rows) {
      done.push('adds')
      await queues.add(rows)
    },
  }
  const resend = createResend({ db, valkey, prefix, queues: noting, log: quiet, onSent() {} })
  onTestFinished(async () => {
    resend.stop()
    await queues.close()
    await disconnectValkey(valkey)
  })
  return { db, valkey, resend, done }
}

test('other dispatchers hear that jobs may be added when the pauses are back, and not before', async () => {
  const { valkey, resend, done } = setup()
  await valkey.ping()

  await resend.findLosses()

  expect(done).toEqual(['pauses', 'pauses again'])
})

test('while another dispatcher repairs, nothing is added to a queue that is not paused yet', async () => {
  const { db, valkey, resend, done } = setup()
  await valkey.ping()
  await insertJobs(db, [count.message({ n: 1 })])
  const rows = await claimOutbox(db, { limit: 1 })

  await withAdvisoryLock(db, 'tintype:resend', () => resend.send(rows, performance.now()))

  expect(done).toEqual(['pauses', 'adds'])
})
