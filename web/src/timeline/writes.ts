/**
 * What the page shows as done is on its way to the server for a moment. An answer that was read meanwhile may be older than
 * what is shown: it is asked for again once all writes have arrived.
 */
let version = 0
const pending = new Set<Promise<unknown>>()

const MOST_TRIES = 5

export function write<T>(send: () => Promise<T>): Promise<T> {
  version += 1
  const work = send()
  const settled = work.then(
    () => {},
    () => {},
  )
  pending.add(settled)
  void settled.then(() => {
    version += 1
    pending.delete(settled)
  })
  return work
}

/** Reads until nothing was written in between. */
export async function readSettled<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    while (pending.size > 0) await Promise.all(pending)
    const before = version
    const answer = await ask()
    if (version === before || tries === MOST_TRIES) return answer
  }
}
