import { asc, eq, type SQL, sql } from 'drizzle-orm'
import { AssetId, type FaceId, UserId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { recognizeFaces } from '#contracts/jobs/recognize-faces.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { assetFaces } from '../schema/tables.ts'
import { jobForEach, jobsIfAny } from './asset-jobs.ts'
import {
  isEligibleForModels,
  type VectorSpaceKind,
  writeClipVectors,
  writeFaceVectors,
} from './vector-spaces.ts'

export type PictureForModels = {
  ownerId: UserId
  previewKey: string
  /** Those of the given spaces whose model has not seen this preview. */
  unseenBy: number[]
}

/** Undefined when the asset is gone or is nothing for models. */
export async function findPictureForModels(
  db: Db,
  { assetId, spaceIds }: { assetId: AssetId; spaceIds: number[] },
): Promise<PictureForModels | undefined> {
  type Row = { owner_id: UserId; object_key: string; unseen_by: number[] }
  const { rows } = await db.execute<Row>(sql`
    select a.owner_id, f.object_key, to_jsonb(array(
      select s.id from unnest(${sql.param(spaceIds)}::int[]) as s (id)
      where not exists (select from asset_model_runs r where r.space_id = s.id and r.asset_id = a.id
        and r.failure_reason is null and r.done_at >= f.created_at))) as unseen_by
    from assets a join asset_files f on f.asset_id = a.id and f.type = 'preview'
    where a.id = ${assetId} and ${isEligibleForModels}`)
  const [row] = rows
  return row && { ownerId: row.owner_id, previewKey: row.object_key, unseenBy: row.unseen_by }
}

/** The model of the space has seen these assets; those that are gone meanwhile are left out. */
function markSeen(assetIds: AssetId[], spaceId: number): SQL {
  return sql`
    insert into asset_model_runs (asset_id, space_id)
    select a.id, ${spaceId}::int from assets a where a.id = any(${sql.param(assetIds)}::uuid[])
    on conflict (space_id, asset_id) do update set done_at = now(), failure_reason = null`
}

type ClipVector = { spaceId: number; embedding: Float32Array }

/** Writes a picture's vectors, marks last. */
export async function writePictureVectors(
  db: Db,
  { assetId, vectors }: { assetId: AssetId; vectors: ClipVector[] },
): Promise<void> {
  await atomically(db, (q) =>
    vectors.flatMap(({ spaceId, embedding }) => [
      writeClipVectors(q, { spaceId, rows: [{ assetId, embedding }] }),
      q.execute(markSeen([assetId], spaceId)),
    ]),
  )
}

/** Why models cannot see an asset: it does not hold up the change to another model, and is not tried for ever. */
export async function markModelsFailed(
  db: Db,
  { assetId, kind, reason }: { assetId: AssetId; kind: VectorSpaceKind; reason: string },
): Promise<void> {
  await db.execute(sql`
    insert into asset_model_runs (asset_id, space_id, failure_reason)
    select a.id, s.id, ${reason} from assets a, vector_spaces s
    where a.id = ${assetId} and s.kind = ${kind} and s.state <> 'retired'
    on conflict (space_id, asset_id) do nothing`)
}

export type StoredFace = Pick<
  typeof assetFaces.$inferSelect,
  | 'id'
  | 'imageWidth'
  | 'imageHeight'
  | 'boundingBoxX1'
  | 'boundingBoxY1'
  | 'boundingBoxX2'
  | 'boundingBoxY2'
  | 'deletedAt'
>

/** Also those that a person took away: they are not to come back. */
export async function listFacesForWork(db: Db, assetId: AssetId): Promise<StoredFace[]> {
  return await db
    .select({
      id: assetFaces.id,
      imageWidth: assetFaces.imageWidth,
      imageHeight: assetFaces.imageHeight,
      boundingBoxX1: assetFaces.boundingBoxX1,
      boundingBoxY1: assetFaces.boundingBoxY1,
      boundingBoxX2: assetFaces.boundingBoxX2,
      boundingBoxY2: assetFaces.boundingBoxY2,
      deletedAt: assetFaces.deletedAt,
    })
    .from(assetFaces)
    .where(eq(assetFaces.assetId, assetId))
    .orderBy(asc(assetFaces.id))
}

export type NewFace = {
  id: FaceId
  imageWidth: number
  imageHeight: number
  x1: number
  y1: number
  x2: number
  y2: number
  score: number
}

type FoundFaces = {
  assetId: AssetId
  ownerId: UserId
  spaceId: number
  /** The faces that were there when found ones were matched with them. */
  known: FaceId[]
  added: NewFace[]
  vectors: { faceId: FaceId; embedding: Float32Array }[]
  /** Of the known ones: what the model does not see any more. One whose person somebody has chosen stays all the same. */
  lost: FaceId[]
  requestId: string | null
}

/**
 * Adds new faces, writes the vectors of new and of known ones, removes what is lost, records the recognition, and marks
 * the asset, all in one. False, and nothing changed but vectors, when other faces are there than those that are known.
 */
export async function writeFoundFaces(db: Db, found: FoundFaces): Promise<boolean> {
  const { assetId, ownerId, spaceId, known, added, vectors, lost, requestId } = found
  const jobs = [recognizeFaces.message({ ownerId })]
  const [, written] = await atomically(db, (q) => [
    // Whoever looks at the same asset at the same time comes after this, and then sees other faces.
    q.execute(sql`select from assets where id = ${assetId} for no key update`),
    q.execute(sql`
      with target as (
        select a.id from assets a where a.id = ${assetId} and a.status <> 'deleted'
          and array(select f.id from asset_faces f where f.asset_id = a.id order by f.id)
            = ${sql.param(known)}::uuid[]),
      removed as (
        delete from asset_faces f using target
        where f.asset_id = target.id and f.id = any(${sql.param(lost)}::uuid[])
          and f.source_type = 'machine-learning' and f.deleted_at is null and not f.is_hand_assigned
        returning f.id),
      added as (
        insert into asset_faces (id, asset_id, image_width, image_height, bounding_box_x_1, bounding_box_y_1,
                                 bounding_box_x_2, bounding_box_y_2, score)
        select n.id, target.id, n."imageWidth", n."imageHeight", n.x1, n.y1, n.x2, n.y2, n.score
        from target, jsonb_to_recordset(${JSON.stringify(added)}::jsonb) as n(id uuid, "imageWidth" int,
          "imageHeight" int, x1 int, y1 int, x2 int, y2 int, score double precision)
        returning id),
      changed as (
        select from target where ${vectors.length > 0} or exists (select from removed)),
      queued as (${jobsIfAny(sql`changed`, jobs, requestId)}),
      seen as (
        insert into asset_model_runs (asset_id, space_id) select id, ${spaceId}::int from target
        on conflict (space_id, asset_id) do update set done_at = now(), failure_reason = null)
      select from target`),
    writeFaceVectors(q, { spaceId, rows: vectors }),
  ])
  return written.rows.length > 0
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const ANY_ASSET = AssetId.parse('00000000-0000-7000-8000-000000000000')

type Missing = {
  spaceId: number
  messageFor: (assetId: AssetId) => JobMessage
  /** Where the page before ended. */
  afterId?: AssetId | undefined
  limit: number
}

/**
 * Records a job for each of the next assets that the model of the space has not seen and that have none. Answers where
 * the page ended; undefined after the last one.
 */
export async function recordMissingRuns(db: Db, missing: Missing): Promise<AssetId | undefined> {
  const { spaceId, messageFor, afterId, limit } = missing
  const prefix = messageFor(ANY_ASSET).dedupeKey?.replace(ANY_ASSET, '') ?? ''
  const { rows } = await db.execute<{ last_id: AssetId | null; count: string }>(sql`
    with page as (
      select a.id from assets a
      where ${isEligibleForModels} and a.id > ${afterId ?? FIRST_ID}::uuid
        and not exists (select from asset_model_runs r where r.space_id = ${spaceId}::int and r.asset_id = a.id)
        and not exists (select from outbox o where o.dedupe_key = ${prefix} || a.id::text)
      order by a.id limit ${limit}),
    queued as (${jobForEach(sql`page`, messageFor, null)})
    select (array_agg(id order by id desc))[1] as last_id, count(*) as count from page`)
  const [row] = rows
  return Number(row?.count) === limit ? (row?.last_id ?? undefined) : undefined
}

/** Jobs of a name that are neither done nor given up. */
export async function countOpenJobs(db: Db, name: string): Promise<number> {
  const { rows } = await db.execute<{ count: string }>(
    sql`select count(*) as count from outbox where name = ${name} and failed_at is null`,
  )
  return Number(rows[0]?.count)
}

/** Vectors of another model are compared anew: a job for each owner of faces. */
export async function recordRecognition(db: Db): Promise<void> {
  // Owners pass where assets usually do.
  const messageFor = (id: string) => recognizeFaces.message({ ownerId: UserId.parse(id) })
  await db.execute(sql`
    with owners as (select distinct a.owner_id as id from asset_faces f join assets a on a.id = f.asset_id),
    queued as (${jobForEach(sql`owners`, messageFor, null)})
    select`)
}
