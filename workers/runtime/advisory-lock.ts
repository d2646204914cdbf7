import type { PgDb } from '#db/node.ts'

/**
 * Runs the work if no other process does at this moment, and answers whether it did. The lock belongs to one
 * connection, which is held meanwhile: it ends with the process, however that ends.
 */
export async function withAdvisoryLock(
  db: PgDb,
  name: string,
  work: () => Promise<void>,
): Promise<boolean> {
  const client = await db.$client.connect()
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [name],
    )
    if (!rows[0]?.taken) return false
    try {
      await work()
    } finally {
      await client
        .query('select pg_advisory_unlock(hashtextextended($1, 0))', [name])
        .catch((error: Error) => {
          broken = error
        })
    }
    return true
  } finally {
    client.off('error', onError)
    // A connection that may still hold the lock must not go back into the pool.
    client.release(broken)
  }
}
