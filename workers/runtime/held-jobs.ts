import { setTimeout as delay } from 'node:timers/promises'
import { Job, type Worker } from 'bullmq'
import type { Redis } from 'ioredis'

/** Longer than a job is on its way from Valkey to the handler. */
const UNHEARD_AFTER_MS = 2000

type Held = { worker: Worker; id: string; token: string }
type Options = {
  valkey: Redis
  prefix: string
  workers: Map<string, Worker>
  isRunning: (id: string) => boolean
}

/** Jobs that count as active under someone's lock. Where a lock has run out, BullMQ looks itself. */
export function createHeldJobs({ valkey, prefix, workers, isRunning }: Options) {
  async function list(lockOwners: string[]): Promise<Held[]> {
    const held: Held[] = []
    for (const [queue, worker] of workers)
      for (const id of await valkey.lrange(`${prefix}:${queue}:active`, 0, -1)) {
        const token = await valkey.get(`${prefix}:${queue}:${id}:lock`)
        if (token && lockOwners.some((owner) => token.startsWith(`${owner}:`)))
          held.push({ worker, id, token })
      }
    return held
  }

  async function putBack(held: Held[]) {
    for (const { worker, id, token } of held) {
      const job = await Job.fromId(worker, id)
      // Refused when the lock has changed hands meanwhile.
      await job?.moveToWait(token).catch(() => {})
    }
  }

  const lockOwners = () => [...workers.values()].map(({ id }) => id)
  const listUnheard = async () => (await list(lockOwners())).filter(({ id }) => !isRunning(id))

  return {
    lockOwners,
    putBackOf: async (owners: string[]) => await putBack(await list(owners)),
    /** Valkey gave this worker a job and was gone before it could say so: the job is nobody's, yet locked. */
    async putBackUnheard() {
      const suspects = new Set((await listUnheard()).map(({ token }) => token))
      if (suspects.size === 0) return
      await delay(UNHEARD_AFTER_MS)
      await putBack((await listUnheard()).filter(({ token }) => suspects.has(token)))
    },
  }
}
