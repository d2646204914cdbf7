import { sql } from 'drizzle-orm'
import type { UserId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'

export type MonthCount = { month: string; count: number }
export type Visibility = 'timeline' | 'archive' | 'hidden' | 'locked'

type MonthScope = {
  viewerId: UserId
  visibilities: Visibility[]
  isTrashed: boolean
}

const COUNTED = sql`
  select owner_id, month, visibility, is_trashed, count from timeline_counts
  union all
  select owner_id, month, visibility, is_trashed, delta from timeline_deltas`

/** The viewer's months that have assets, newest first, as `YYYY-MM-01`. One statement, so folding never shows. */
export async function listMonthCounts(
  db: Db,
  { viewerId, visibilities, isTrashed }: MonthScope,
): Promise<MonthCount[]> {
  const { rows } = await db.execute<{ month: string; count: string }>(sql`
    select month::text as month, sum(count) as count from (${COUNTED}) as counted
    where owner_id = ${viewerId} and visibility = any(${sql.param(visibilities)}::text[])
      and is_trashed = ${isTrashed}
    group by month having sum(count) > 0 order by month desc`)
  return rows.map(({ month, count }) => ({ month, count: Number(count) }))
}

/**
 * Moves appended deltas into the counts, in one statement, and answers how many: fewer than `limit` means that
 * all were moved. Several may fold at once. Groups are written in one order, so that they do not deadlock.
 */
export async function foldTimelineCounts(db: Db, { limit }: { limit: number }): Promise<number> {
  const { rows } = await db.execute<{ moved: string }>(sql`
    with moved as (
      delete from timeline_deltas where id = any(array(
        select id from timeline_deltas order by id limit ${limit} for update skip locked))
      returning owner_id, month, visibility, is_trashed, delta),
    folded as (
      insert into timeline_counts as c (owner_id, month, visibility, is_trashed, count)
      select owner_id, month, visibility, is_trashed, sum(delta) from moved
      group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (owner_id, month, visibility, is_trashed) do update set count = c.count + excluded.count)
    select count(*) as moved from moved`)
  return Number(rows[0]?.moved ?? 0)
}

/** Months that became empty. */
export async function deleteEmptyTimelineCounts(db: Db): Promise<void> {
  await db.execute(sql`delete from timeline_counts where count = 0`)
}

const TRUTH = sql`
  select owner_id, date_trunc('month', local_date_time)::date as month, visibility,
         status = 'trashed' as is_trashed, count(*) as count
  from assets where status <> 'deleted' group by 1, 2, 3, 4`

const DIFFERENCES = sql`
  select owner_id, month, visibility, is_trashed, sum(count) as delta from (
    ${TRUTH}
    union all
    select owner_id, month, visibility, is_trashed, -count from (${COUNTED}) as counted
  ) as both_sides group by 1, 2, 3, 4 having sum(count) <> 0`

/**
 * Counts the assets and appends what the counts lack: nothing, at any moment, unless someone changed rows behind the
 * triggers' back. Answers how many groups were wrong. One snapshot sees all three tables, so writers need not stop.
 */
export async function recountTimeline(db: Db): Promise<number> {
  const { rows } = await db.execute<{ repaired: string }>(sql`
    with repaired as (
      insert into timeline_deltas (owner_id, month, visibility, is_trashed, delta)
      ${DIFFERENCES} returning 1)
    select count(*) as repaired from repaired`)
  return Number(rows[0]?.repaired ?? 0)
}
