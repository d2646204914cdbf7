import { afterAll } from 'vitest'

const disposals: (() => Promise<unknown>)[] = []

/** Whoever imports a helper gets its cleaning up with it: this module is evaluated once in each test file. */
afterAll(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
})

/** Runs at the end of the test file, last registered first. */
export function atEndOfFile(dispose: () => Promise<unknown>) {
  disposals.push(dispose)
}
