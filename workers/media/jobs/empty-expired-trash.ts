import type { PayloadOf } from '#contracts/jobs/define-job.ts'
import type { emptyExpiredTrash } from '#contracts/jobs/empty-expired-trash.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import { emptyExpiredTrashForWork } from '#db/queries/trash.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import type { MediaDeps } from '../deps.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export async function handleEmptyExpiredTrash(
  _: PayloadOf<typeof emptyExpiredTrash>,
  { db, clock }: MediaDeps,
  { log, requestId }: JobContext,
) {
  const { trash } = await readSystemConfig(db)
  const trashedBefore = new Date(clock().getTime() - trash.days * DAY_MS)
  const count = await emptyExpiredTrashForWork(db, { trashedBefore, requestId })
  if (count > 0) log.info({ count }, 'deleting what lay in the trash for long enough')
}
