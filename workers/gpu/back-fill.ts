import type { AssetId } from '#contracts/ids.ts'
import type { Db } from '#db/client.ts'
import { countOpenJobs, recordMissingRuns } from '#db/queries/model-work.ts'
import type { VectorSpace } from '#db/queries/vector-spaces.ts'
import { kinds } from './kinds.ts'

/** As many jobs wait at most: a library of a million pictures does not have to lie in the queue at once. */
const MAX_OPEN_JOBS = 5000
const PAGE = 1000
/** After whatever is new. */
const PRIORITY = 10

type Pass = { afterId: AssetId | undefined; nextAt: number }
type Pauses = { buildingMs: number; activeMs: number }

/**
 * Records jobs for assets that a space's model has not seen: all of them when the space is new, and what came while
 * there was no model. Which they are stands in Postgres, so that a pass that breaks off costs nothing.
 */
export function createBackFill({
  db,
  clock,
  pauses,
}: {
  db: Db
  clock: () => number
  pauses: Pauses
}) {
  const passes = new Map<number, Pass>()

  /** Goes on where it stopped; true when a pass has just come to its end. */
  async function step({ id, kind, state }: VectorSpace): Promise<boolean> {
    const pass = passes.get(id) ?? { afterId: undefined, nextAt: 0 }
    passes.set(id, pass)
    if (clock() < pass.nextAt) return false
    const startedAt = clock()
    const { jobName, messageFor } = kinds[kind]
    let open = await countOpenJobs(db, jobName)
    while (open < MAX_OPEN_JOBS) {
      pass.afterId = await recordMissingRuns(db, {
        spaceId: id,
        messageFor: (assetId) => ({ ...messageFor(assetId), priority: PRIORITY }),
        afterId: pass.afterId,
        limit: PAGE,
      })
      if (!pass.afterId) {
        const pauseMs = state === 'building' ? pauses.buildingMs : pauses.activeMs
        // In a large library a look takes a while, and is not to take all the time.
        pass.nextAt = clock() + Math.max(pauseMs, 20 * (clock() - startedAt))
        return true
      }
      open += PAGE
    }
    return false
  }

  return { step }
}
