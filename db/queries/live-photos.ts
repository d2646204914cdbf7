import { type SQL, sql } from 'drizzle-orm'
import type { AssetId } from '#contracts/ids.ts'
import type { Db } from '../client.ts'

/**
 * A live photo is a still and a hidden video, which its camera marks with one content identifier. Joins this asset
 * with its other half if that is there, and answers which video left the timeline for it. Runs after the asset's own
 * identifier is committed: of two halves that are read at the same time, the later one then sees both.
 * A still that a person parted from its video stays alone.
 */
export async function linkLivePhotoForWork(
  db: Db,
  { assetId }: { assetId: AssetId },
): Promise<AssetId | undefined> {
  const { rows } = await db.execute<{ id: AssetId }>(sql`
    with self as (
      select a.owner_id, e.live_photo_content_id as content_id
      from assets a join asset_exif e on e.asset_id = a.id
      where a.id = ${assetId} and e.live_photo_content_id is not null),
    halves as (
      select a.id, a.type, a.live_photo_video_id, e.locked_properties
      from self join asset_exif e on e.live_photo_content_id = self.content_id
      join assets a on a.id = e.asset_id and a.owner_id = self.owner_id
      where a.status = 'active' and a.visibility <> 'locked'),
    motion as (select id from halves where type = 'VIDEO' order by id limit 1),
    linked as (
      update assets set live_photo_video_id = motion.id from motion
      where assets.id in (
        select id from halves where type = 'IMAGE' and live_photo_video_id is null
          and not 'livePhotoVideoId' = any(locked_properties))
      returning assets.id),
    ${hideMotion(sql`(select id from motion where exists (select from linked))`)}
    select id from hidden`)
  return rows[0]?.id
}

/** The parts `hidden` and `unfiled` of a statement: a video that became the half of a photo is no tile of its own. */
export function hideMotion(motionId: SQL): SQL {
  return sql`
    hidden as (
      update assets set visibility = 'hidden'
      where assets.id = ${motionId} and assets.visibility in ('timeline', 'archive') returning assets.id),
    unfiled as (delete from album_assets where asset_id in (select id from hidden))`
}

/** Of the stills in the part `stills`, the videos of the same owner that no other still with this state shows. */
export function motionHalvesOf(stills: SQL, otherIs: SQL): SQL {
  return sql`
    select motion.id, motion.status from assets motion
    where motion.visibility = 'hidden'
      and (motion.id, motion.owner_id) in (
        select still.live_photo_video_id, still.owner_id from assets still where still.id in (select id from ${stills}))
      and not exists (
        select from assets other where other.live_photo_video_id = motion.id and other.${otherIs}
          and other.id not in (select id from ${stills}))`
}

/**
 * Parts of a statement that joins the one still in `wanted` with another video, or with none: the video that was its half
 * is a tile again, beside the still; the new one is none any more.
 */
export function changeOfMotion(motionId: AssetId | null): SQL {
  return sql`
    parted as (
      select wanted.id, wanted.visibility from wanted join changed using (id)
      where wanted.live_photo_video_id is distinct from ${motionId}::uuid and wanted.visibility <> 'locked'),
    released as (
      update assets set visibility = (
        select case when visibility = 'archive' then 'archive' else 'timeline' end from parted)
      where assets.id in (select id from (${motionHalvesOf(sql`parted`, sql`status <> 'deleted'`)}) as halves)),
    ${hideMotion(sql`(select ${motionId}::uuid where exists (select from changed))`)}`
}
