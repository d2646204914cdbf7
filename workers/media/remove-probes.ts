import { PROBES } from '#contracts/object-keys.ts'
import type { NodeStorage } from '#storage/node.ts'

/** What the edge tries the store with goes at once, unless its process died meanwhile. */
export async function removeProbes(
  storage: NodeStorage,
  { writtenBefore }: { writtenBefore: Date },
) {
  const { objects } = await storage.list(PROBES)
  const left = objects.filter(({ modifiedAt }) => modifiedAt < writtenBefore)
  await storage.delete(left.map(({ key }) => key))
}
