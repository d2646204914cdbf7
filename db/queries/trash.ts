import { type SQL, sql } from 'drizzle-orm'
import type { AssetId } from '#contracts/ids.ts'
import { deleteAsset } from '#contracts/jobs/delete-asset.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import type { Db } from '../client.ts'
import { assets } from '../schema/tables.ts'
import { type AssetViewer, visibleTo } from './asset-access.ts'
import { jobForEach } from './asset-jobs.ts'
import { motionHalvesOf } from './live-photos.ts'

type Requested = { requestId: string | null }
type Chosen = AssetViewer & Requested & { assetIds: AssetId[] }

// Derivatives move when an asset goes to the trash: URLs that were signed before find nothing then.
const TO_TRASH = sql`status = 'trashed', trashed_at = now(), derivatives_version = derivatives_version + 1`
const TO_ACTIVE = sql`status = 'active', trashed_at = null`
const TO_DELETED = sql`status = 'deleted', trashed_at = coalesce(trashed_at, now())`

/** Hidden ones are halves of others. */
const COUNT = sql`count(*) filter (where visibility <> 'hidden')`

const queueDeletion = (source: SQL, { requestId }: Requested) =>
  jobForEach(source, (assetId) => deleteAsset.message({ assetId }), requestId)

const queueMove = (source: SQL, { requestId }: Requested) =>
  jobForEach(source, (assetId) => makeThumbnails.message({ assetId }), requestId)

/** `wanted` and `verdict`: the chosen assets, and whether the viewer may see every one of them. */
function choose({ assetIds, ...viewer }: Chosen): SQL {
  const ids = [...new Set(assetIds)]
  return sql`
    wanted as (select id, status from assets
      where ${visibleTo(viewer)} and id = any(${sql.param(ids)}::uuid[]) for update),
    verdict as (select count(*) = ${ids.length}::int as is_allowed from wanted)`
}

type Verdict = { is_allowed: boolean; count: string }

/**
 * All of them, or none unless the viewer may see every one: undefined then. The video of a live photo goes with its
 * still, unless another still that is `keptBy` shows it too, and is not counted.
 */
async function change(
  db: Db,
  chosen: Chosen,
  { set, onlyIf, keptBy, queue }: { set: SQL; onlyIf: SQL; keptBy: SQL; queue?: SQL },
): Promise<number | undefined> {
  const { rows } = await db.execute<Verdict>(sql`
    with ${choose(chosen)},
    halves as (${motionHalvesOf(sql`wanted`, keptBy)}),
    changed as (
      update assets set ${set}
      where id in (select id from wanted where ${onlyIf} union select id from halves where ${onlyIf})
        and (select is_allowed from verdict)
      returning id)
    ${queue ? sql`, queued as (${queue})` : sql``}
    select is_allowed, (select count(*) from changed where id in (select id from wanted)) as count from verdict`)
  return rows[0]?.is_allowed ? Number(rows[0].count) : undefined
}

/** Puts assets into the trash, from which they can come back. */
export async function trashAssets(db: Db, chosen: Chosen): Promise<number | undefined> {
  const queue = queueMove(sql`changed`, chosen)
  return await change(db, chosen, {
    set: TO_TRASH,
    onlyIf: sql`status = 'active'`,
    keptBy: sql`status = 'active'`,
    queue,
  })
}

export async function restoreAssets(db: Db, chosen: Chosen): Promise<number | undefined> {
  return await change(db, chosen, {
    set: TO_ACTIVE,
    onlyIf: sql`status = 'trashed'`,
    keptBy: sql`status = 'active'`,
  })
}

/** For good: from here on nobody sees them, and a job each removes their bytes and their row. */
export async function deleteAssets(db: Db, chosen: Chosen): Promise<number | undefined> {
  const queue = queueDeletion(sql`changed`, chosen)
  return await change(db, chosen, {
    set: TO_DELETED,
    onlyIf: sql`true`,
    keptBy: sql`status <> 'deleted'`,
    queue,
  })
}

export async function restoreTrash(db: Db, viewer: AssetViewer): Promise<number> {
  const { rows } = await db.execute<{ count: string }>(sql`
    with changed as (
      update assets set ${TO_ACTIVE} where ${visibleTo(viewer)} and status = 'trashed' returning visibility)
    select ${COUNT} as count from changed`)
  return Number(rows[0]?.count)
}

export async function emptyTrash(
  db: Db,
  { requestId, ...viewer }: AssetViewer & Requested,
): Promise<number> {
  return await deleteTrashed(db, visibleTo(viewer), { requestId })
}

/** Everybody's assets that went to the trash before the instant. */
export async function emptyExpiredTrashForWork(
  db: Db,
  { trashedBefore, requestId }: Requested & { trashedBefore: Date },
): Promise<number> {
  const expired = sql`${assets.trashedAt} < ${trashedBefore.toISOString()}::timestamptz`
  return await deleteTrashed(db, expired, { requestId })
}

async function deleteTrashed(db: Db, which: SQL, requested: Requested): Promise<number> {
  const { rows } = await db.execute<{ count: string }>(sql`
    with changed as (
      update assets set ${TO_DELETED} where ${which} and status = 'trashed' returning id, visibility),
    queued as (${queueDeletion(sql`changed`, requested)})
    select ${COUNT} as count from changed`)
  return Number(rows[0]?.count)
}
