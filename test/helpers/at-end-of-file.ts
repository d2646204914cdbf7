import { afterAll } from 'vitest'

const disposals: (() => Promise<unknown>)[] = []

/** Whoever imports a helper gets its cleaning up with it: this module is evaluated once in each test file. */
afterAll(async () => {
  const failures: unknown[] = []
  for (const dispose of disposals.splice(0).reverse())
    await dispose().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up failed')
})

/** Runs at the end of the test file, last registered first, and whatever happens to the others. */
export function atEndOfFile(dispose: () => Promise<unknown>) {
  disposals.push(dispose)
}
