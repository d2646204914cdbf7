import { type SQL, sql } from 'drizzle-orm'
import type { FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { deleteObjects } from '#contracts/jobs/delete-objects.ts'
import { makePersonThumbnail } from '#contracts/jobs/make-person-thumbnail.ts'
import { recognizeFaces } from '#contracts/jobs/recognize-faces.ts'
import type { Db } from '../client.ts'
import { jobForEach } from './asset-jobs.ts'

type Requested = { requestId: string | null }
type Some = Requested & { ids: PersonId[] | 'all' }

/** Of a person `p`. A name counts also where nobody gave it here, as with people from files. */
export const isClaimed = sql`(p.claimed_at is not null or p.name <> '')`

/** A face `f` that counts: not one that somebody took away. */
export const isShown = sql`(f.deleted_at is null and f.is_visible)`

/** An asset `a` whose faces may stand for somebody. A thumbnail shows to everybody what it was cut from. */
const mayBeCover = sql`(a.status = 'active' and a.visibility in ('timeline', 'archive'))`

const among = (ids: Some['ids']) =>
  ids === 'all' ? sql`true` : sql`p.id = any(${sql.param([...new Set(ids)])}::uuid[])`

/** Removes people whom nobody named and who have no faces left, with their thumbnails. */
export function deletionOfEmptyPeople({ ids, requestId }: Some): SQL {
  return sql`
    with gone as (
      delete from people p where ${among(ids)} and not ${isClaimed}
        and not exists (select from asset_faces f where f.person_id = p.id and ${isShown})
      returning p.id, p.thumbnail_key),
    queued as (${removalOfThumbnails(sql`gone`, requestId)})
    select id from gone`
}

/** One job for the objects that `source` names in `thumbnail_key`. */
export function removalOfThumbnails(source: SQL, requestId: string | null): SQL {
  const { name, queue, attempts, priority } = deleteObjects.message({ keys: ['any'] })
  return sql`
    insert into outbox (id, queue, name, payload, attempts, priority, request_id)
    select uuid_v7(), ${queue}, ${name}, jsonb_build_object('keys', jsonb_agg(thumbnail_key)), ${attempts}::int,
      ${priority}::int, ${requestId}
    from (select thumbnail_key, row_number() over () / 1000 as part from ${source} where thumbnail_key is not null) as t
    group by part`
}

/** A job for each of these people whose cover is missing or shows somebody else. */
export function coverJobs({ ids, requestId }: Some): SQL {
  const lacking = sql`(
    select p.id from people p where ${among(ids)}
      and exists (select from asset_faces f where f.person_id = p.id and ${isShown})
      and (p.thumbnail_key is null or not exists (
        select from asset_faces f where f.id = p.cover_face_id and f.person_id = p.id and ${isShown})))`
  return jobForEach(lacking, (id) => makePersonThumbnail.message({ personId: id }), requestId)
}

/** Nightly for all: what no other statement removed. */
export async function deleteEmptyPeopleForWork(db: Db, some: Some): Promise<void> {
  await db.execute(deletionOfEmptyPeople(some))
}

/** Nightly: thumbnails that got lost on their way. */
export async function queueMissingCoversForWork(db: Db, requested: Requested): Promise<void> {
  await db.execute(coverJobs({ ids: 'all', ...requested }))
}

/** Nightly, and on demand: whoever has faces gets those clustered that nobody has looked at. */
export async function queueRecognitionForWork(db: Db, { requestId }: Requested): Promise<void> {
  const owners = sql`(select u.id from users u where exists (
    select from assets a join asset_faces f on f.asset_id = a.id where a.owner_id = u.id))`
  await db.execute(jobForEach(owners, (id) => recognizeFaces.message({ ownerId: id }), requestId))
}

/**
 * Forgets what clustering found and lets it begin anew. People whom somebody named, hid or merged keep their faces; so
 * do faces that were assigned by hand.
 */
export async function resetRecognitionForWork(db: Db, { requestId }: Requested): Promise<void> {
  await db.execute(sql`
    with unclaimed as (select p.id from people p where not ${isClaimed}),
    freed as (
      update asset_faces f set person_id = null
      where f.person_id in (select id from unclaimed) and not f.is_hand_assigned),
    forgotten as (delete from face_recognitions)
    select`)
  await deleteEmptyPeopleForWork(db, { ids: 'all', requestId })
  await queueRecognitionForWork(db, { requestId })
}

export type PersonForWork = {
  id: PersonId
  ownerId: UserId
  thumbnailKey: string | null
  isClaimed: boolean
  hasFaces: boolean
}

export async function findPersonForWork(
  db: Db,
  personId: PersonId,
): Promise<PersonForWork | undefined> {
  type Row = {
    id: PersonId
    owner_id: UserId
    thumbnail_key: string | null
    is_claimed: boolean
    has_faces: boolean
  }
  const { rows } = await db.execute<Row>(sql`
    select p.id, p.owner_id, p.thumbnail_key, ${isClaimed} as is_claimed,
      exists (select from asset_faces f where f.person_id = p.id and ${isShown}) as has_faces
    from people p where p.id = ${personId}`)
  const [row] = rows
  return (
    row && {
      id: row.id,
      ownerId: row.owner_id,
      thumbnailKey: row.thumbnail_key,
      isClaimed: row.is_claimed,
      hasFaces: row.has_faces,
    }
  )
}

export type Cover = {
  faceId: FaceId
  box: { left: number; top: number; right: number; bottom: number }
  imageWidth: number
  imageHeight: number
  derivativesVersion: number
  original: {
    key: string
    mimeType: string
    sizeBytes: number
    width: number | null
    height: number | null
  }
  previewKey: string
}

/** The face to show: the cover as long as it may be shown, else the best that has a preview. */
export async function findCoverForWork(db: Db, personId: PersonId): Promise<Cover | undefined> {
  type Row = {
    id: FaceId
    x1: number
    y1: number
    x2: number
    y2: number
    image_width: number
    image_height: number
    derivatives_version: number
    original_key: string
    original_mime_type: string
    size_bytes: string
    width: number | null
    height: number | null
    preview_key: string
  }
  const { rows } = await db.execute<Row>(sql`
    select f.id, f.bounding_box_x_1 as x1, f.bounding_box_y_1 as y1, f.bounding_box_x_2 as x2, f.bounding_box_y_2 as y2,
      f.image_width, f.image_height, a.derivatives_version, a.original_key, a.original_mime_type, a.size_bytes, a.width, a.height,
      (select d.object_key from asset_files d where d.asset_id = a.id and d.type = 'preview') as preview_key
    from people p join asset_faces f on f.person_id = p.id join assets a on a.id = f.asset_id
    where p.id = ${personId} and ${isShown} and ${mayBeCover}
      and exists (select from asset_files d where d.asset_id = a.id and d.type = 'preview')
    order by (f.id = p.cover_face_id) is true desc, (a.visibility = 'timeline') desc,
      ${quality} desc, f.id
    limit 1`)
  const [row] = rows
  return (
    row && {
      faceId: row.id,
      box: { left: row.x1, top: row.y1, right: row.x2, bottom: row.y2 },
      imageWidth: row.image_width,
      imageHeight: row.image_height,
      derivativesVersion: row.derivatives_version,
      original: {
        key: row.original_key,
        mimeType: row.original_mime_type,
        sizeBytes: Number(row.size_bytes),
        width: row.width,
        height: row.height,
      },
      previewKey: row.preview_key,
    }
  )
}

/**
 * Certainty times the side of the box as part of the picture's shorter side, up to a third: larger is no better. A box
 * drawn by hand has no certainty of its own.
 */
const quality = sql`coalesce(f.score, 0.7) * least(0.33, sqrt(greatest(0,
  (f.bounding_box_x_2 - f.bounding_box_x_1)::float8 * (f.bounding_box_y_2 - f.bounding_box_y_1)))
  / nullif(least(f.image_width, f.image_height), 0))`

/**
 * The thumbnail lies in the store: names it, and leaves a job for the one that it replaces. False, and nothing written,
 * when the face went to somebody else meanwhile. Without a cover the person has no thumbnail any more.
 */
export async function writePersonThumbnail(
  db: Db,
  {
    personId,
    cover,
    requestId,
  }: Requested & { personId: PersonId; cover: { faceId: FaceId; key: string } | undefined },
): Promise<boolean> {
  const key = cover?.key ?? null
  const { rows } = await db.execute(sql`
    with was as (select p.id, p.thumbnail_key from people p where p.id = ${personId} for update),
    named as (
      update people p set cover_face_id = ${cover?.faceId ?? null}::uuid, thumbnail_key = ${key}
      from was where p.id = was.id and (${key}::text is null or exists (
        select from asset_faces f where f.id = ${cover?.faceId ?? null}::uuid and f.person_id = p.id and ${isShown}))
      returning p.id),
    replaced as (
      select was.thumbnail_key from was join named using (id) where was.thumbnail_key is distinct from ${key}),
    queued as (${removalOfThumbnails(sql`replaced`, requestId)})
    select from named`)
  return rows.length > 0
}
