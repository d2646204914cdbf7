import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { newId } from '#contracts/new-id.ts'
import type { PgDb } from '#db/node.ts'
import { insertJobs, type OutboxJob } from '#db/queries/outbox.ts'
import { outbox } from '#db/schema/tables.ts'
import { startValkey } from '#stack/stores.ts'
import { atEndOfFile } from './at-end-of-file.ts'

export const listRows = (db: PgDb): Promise<OutboxJob[]> =>
  db.select().from(outbox).orderBy(outbox.id)

export const addJobs = (db: PgDb, ...messages: JobMessage[]) => insertJobs(db, messages)

/** A Valkey of the test file's own, which it may kill and empty. */
export async function startOwnValkey({ isDurable = true } = {}) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tintype-test-valkey-'))
  const password = randomBytes(12).toString('hex')
  const start = (port?: number) =>
    startValkey({ dataFolder, password, isDurable, ...(port && { port }) })
  let running = await start()
  const { url, port } = running
  atEndOfFile(async () => {
    await running.stop()
    await rm(dataFolder, { recursive: true, force: true })
  })
  return {
    url,
    prefix: `t-${newId()}`,
    async kill() {
      process.kill(running.pid, 'SIGKILL')
      await running.stop()
    },
    async restart() {
      running = await start(port)
    },
  }
}
