type Pending = { id: string; resolve: () => void; reject: (error: unknown) => void }

const MAX_IDS = 1000

/**
 * Collects what is finished while a delete is under way and deletes it in the next statement: one job alone waits for
 * nobody, and many at once cost few statements.
 */
export function createFinisher(deleteRows: (ids: string[]) => Promise<void>) {
  let pending: Pending[] = []
  let isRunning = false

  async function run() {
    isRunning = true
    while (pending.length > 0) {
      const batch = pending.slice(0, MAX_IDS)
      pending = pending.slice(MAX_IDS)
      try {
        await deleteRows(batch.map(({ id }) => id))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isRunning = false
  }

  return function finish(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      pending.push({ id, resolve, reject })
      if (!isRunning) void run()
    })
  }
}
