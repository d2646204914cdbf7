import { sql } from 'drizzle-orm'
import type { AssetId, FaceId, PersonId } from '#contracts/ids.ts'
import { makePersonThumbnail } from '#contracts/jobs/make-person-thumbnail.ts'
import type { Db } from '../client.ts'
import type { assetFaces } from '../schema/tables.ts'
import { type AssetScope, type AssetViewer, visibleTo } from './asset-access.ts'
import { jobForEach } from './asset-jobs.ts'
import { type Person, personJson } from './people.ts'
import { isShown } from './people-work.ts'

type Requested = { requestId: string }

export type Face = {
  id: FaceId
  sourceType: (typeof assetFaces.$inferSelect)['sourceType']
  imageWidth: number
  imageHeight: number
  boundingBoxX1: number
  boundingBoxY1: number
  boundingBoxX2: number
  boundingBoxY2: number
  person: Person | null
}

/** From left to right. Undefined when the viewer has no such asset. */
export async function listFaces(db: Db, scope: AssetScope): Promise<Face[] | undefined> {
  const { rows } = await db.execute<{ faces: Face[] }>(sql`
    select coalesce((
      select json_agg(json_build_object('id', f.id, 'sourceType', f.source_type,
          'imageWidth', f.image_width, 'imageHeight', f.image_height,
          'boundingBoxX1', f.bounding_box_x_1, 'boundingBoxY1', f.bounding_box_y_1,
          'boundingBoxX2', f.bounding_box_x_2, 'boundingBoxY2', f.bounding_box_y_2,
          'person', case when p.id is not null then ${personJson} end) order by f.bounding_box_x_1, f.id)
      from asset_faces f left join people p on p.id = f.person_id and p.owner_id = ${scope.viewerId}
      where f.asset_id = assets.id and ${isShown}), '[]'::json) as faces
    from assets where assets.id = ${scope.assetId} and ${visibleTo(scope)}`)
  return rows[0]?.faces
}

export type NewHandFace = {
  id: FaceId
  assetId: AssetId
  personId: PersonId
  box: { x1: number; y1: number; x2: number; y2: number }
  imageWidth: number
  imageHeight: number
}

/** A face that somebody drew. Which of the two is missing otherwise: the asset or the person. */
export async function insertFace(
  db: Db,
  { face, requestId, ...viewer }: AssetViewer & Requested & { face: NewHandFace },
): Promise<'inserted' | 'no asset' | 'no person'> {
  const { id, assetId, personId, box, imageWidth, imageHeight } = face
  const { rows } = await db.execute<{ has_asset: boolean; has_person: boolean }>(sql`
    with place as (
      select assets.id from assets where assets.id = ${assetId} and ${visibleTo(viewer)}),
    person as (
      select id from people where id = ${personId} and owner_id = ${viewer.viewerId} for update),
    made as (
      insert into asset_faces (id, asset_id, person_id, image_width, image_height, bounding_box_x_1, bounding_box_y_1,
        bounding_box_x_2, bounding_box_y_2, source_type, is_hand_assigned)
      select ${id}, place.id, person.id, ${imageWidth}::int, ${imageHeight}::int, ${box.x1}::int, ${box.y1}::int,
        ${box.x2}::int, ${box.y2}::int, 'manual', true
      from place, person returning id),
    claimed as (
      update people set claimed_at = coalesce(claimed_at, now())
      where id in (select id from person) and exists (select from made)),
    covered as (${jobForEach(
      sql`(select p.id from people p join person using (id) where p.thumbnail_key is null and exists (select from made))`,
      (person) => makePersonThumbnail.message({ personId: person }),
      requestId,
    )})
    select exists (select from place) as has_asset, exists (select from person) as has_person`)
  const [row] = rows
  if (!row?.has_asset) return 'no asset'
  return row.has_person ? 'inserted' : 'no person'
}

type Removal = AssetViewer & Requested & { faceId: FaceId; isForced: boolean }

/**
 * Takes a face away; unless forced it is kept aside, so that detection does not bring it back. False when the viewer has no
 * such face. Its person may need another cover, or be gone with it.
 */
export async function deleteFace(
  db: Db,
  { faceId, isForced, requestId, ...viewer }: Removal,
): Promise<boolean> {
  const removal = isForced
    ? sql`delete from asset_faces f using chosen where f.id = chosen.id`
    : sql`update asset_faces f set deleted_at = coalesce(f.deleted_at, now()) from chosen where f.id = chosen.id`
  const { rows } = await db.execute(sql`
    with chosen as (
      select f.id, f.person_id from asset_faces f join assets on assets.id = f.asset_id
      where f.id = ${faceId} and ${visibleTo(viewer)} for update of f),
    removed as (${removal}),
    covered as (${jobForEach(
      sql`(select person_id as id from chosen where person_id is not null)`,
      (person) => makePersonThumbnail.message({ personId: person }),
      requestId,
    )})
    select from chosen`)
  return rows.length > 0
}
