import { and, asc, eq, sql } from 'drizzle-orm'
import type { AssetId, FaceId } from '#contracts/ids.ts'
import { atomically } from '../atomically.ts'
import type { Db } from '../client.ts'
import { vectorSpaces } from '../schema/tables.ts'

export type VectorSpace = typeof vectorSpaces.$inferSelect
export type VectorSpaceKind = VectorSpace['kind']
type SpaceOf = Pick<VectorSpace, 'id' | 'kind'>

/** Where the vectors of a space lie. The id comes from Postgres, never from outside. */
export function vectorTable({ id, kind }: SpaceOf) {
  return sql.identifier(`${kind}_vectors_${id}`)
}

/** All of them, the oldest first: at most one of a kind is active, and at most one is being built. */
export async function findSpaces(db: Db): Promise<VectorSpace[]> {
  return await db.select().from(vectorSpaces).orderBy(asc(vectorSpaces.id))
}

/** The one that searches use. */
export async function findActiveSpace(
  db: Db,
  kind: VectorSpaceKind,
): Promise<VectorSpace | undefined> {
  const [space] = await db
    .select()
    .from(vectorSpaces)
    .where(and(eq(vectorSpaces.kind, kind), eq(vectorSpaces.state, 'active')))
    .limit(1)
  return space
}

type WantedSpace = { kind: VectorSpaceKind; model: string; dimension: number }

/**
 * The space of the model that is wanted now, made where there is none: active when it is the first of its kind, else
 * being built. Another one under construction retires. Fails with Postgres' `feature_not_supported` (0A000) where the
 * database knows no vectors.
 */
export async function openSpace(
  db: Db,
  { kind, model, dimension }: WantedSpace,
): Promise<VectorSpace> {
  const [, [space]] = await atomically(db, (q) => [
    q.execute(sql`select create_vector_space(${kind}, ${model}, ${dimension}::int)`),
    q
      .select()
      .from(vectorSpaces)
      .where(and(eq(vectorSpaces.kind, kind), eq(vectorSpaces.model, model))),
  ])
  if (!space) throw new Error(`create_vector_space left no ${kind} space of ${model}`)
  return space
}

/**
 * What models look at: what has a preview, unless it is another asset's moving part. What waits in the trash may come
 * back and is looked at like the rest. For statements in which the assets are called `a`.
 */
export const isEligibleForModels = sql`a.thumbnailed_at is not null and a.failure_reason is null
  and a.visibility <> 'hidden' and a.status <> 'deleted'`

/**
 * Lets a space that was being built take the active one's place, in one step; false while an asset still waits for its
 * model, or when the space is not being built. Searches that read the old one meanwhile finish undisturbed: it retires
 * and is dropped later.
 */
export async function activateSpace(db: Db, { spaceId }: { spaceId: number }): Promise<boolean> {
  const isComplete = sql`not exists (select from assets a where ${isEligibleForModels}
    and not exists (select from asset_model_runs r where r.space_id = ${spaceId}::int and r.asset_id = a.id))`
  const [, activated] = await atomically(db, (q) => [
    q.execute(sql`
      update vector_spaces set state = 'retired', retired_at = now()
      where state = 'active' and ${isComplete}
        and kind = (select kind from vector_spaces where id = ${spaceId}::int and state = 'building')`),
    // Only if the place is free: the statement before has decided, and an asset may have come since.
    q.execute<{ id: number }>(sql`
      update vector_spaces as space set state = 'active', activated_at = now()
      where id = ${spaceId}::int and state = 'building'
        and not exists (select from vector_spaces other where other.kind = space.kind and other.state = 'active')
      returning id`),
  ])
  return activated.rows.length > 0
}

/** Removes spaces whose place was taken that long ago. */
export async function dropRetiredSpaces(
  db: Db,
  { olderThanMs }: { olderThanMs: number },
): Promise<number> {
  const { rows } = await db.execute<{ dropped: boolean }>(sql`
    select drop_vector_space(id) as dropped from vector_spaces
    where state = 'retired' and retired_at <= now() - make_interval(secs => ${olderThanMs / 1000})`)
  return rows.filter(({ dropped }) => dropped).length
}

/** As Postgres reads it, of length one: so cosine distance, inner product and Euclidean distance rank alike. */
export function vectorText(embedding: ArrayLike<number>): string {
  let sum = 0
  for (let at = 0; at < embedding.length; at += 1) sum += (embedding[at] ?? 0) ** 2
  const length = Math.sqrt(sum)
  if (!(length > 0 && Number.isFinite(length))) throw new Error('A vector without a direction')
  return `[${Array.from(embedding, (value) => Math.fround(value / length)).join(',')}]`
}

type ClipRow = { assetId: AssetId; embedding: ArrayLike<number> }
type FaceRow = { faceId: FaceId; embedding: ArrayLike<number> }

/**
 * Writes or replaces the vectors of assets; those that are gone meanwhile are left out. A statement for `atomically`, or to
 * be awaited on its own.
 */
export function writeClipVectors(q: Db, { spaceId, rows }: { spaceId: number; rows: ClipRow[] }) {
  const table = vectorTable({ id: spaceId, kind: 'clip' })
  return q.execute(sql`
    insert into ${table} (asset_id, owner_id, embedding)
    select a.id, a.owner_id, v.embedding::vector
    from unnest(${sql.param(rows.map((row) => row.assetId))}::uuid[],
                ${sql.param(rows.map((row) => vectorText(row.embedding)))}::text[]) as v (id, embedding)
    join assets a on a.id = v.id
    on conflict (asset_id) do update set embedding = excluded.embedding`)
}

/** The same for faces, whose rows must be there: in one batch, write them before. */
export function writeFaceVectors(q: Db, { spaceId, rows }: { spaceId: number; rows: FaceRow[] }) {
  const table = vectorTable({ id: spaceId, kind: 'face' })
  return q.execute(sql`
    insert into ${table} (face_id, owner_id, embedding)
    select f.id, a.owner_id, v.embedding::vector
    from unnest(${sql.param(rows.map((row) => row.faceId))}::uuid[],
                ${sql.param(rows.map((row) => vectorText(row.embedding)))}::text[]) as v (id, embedding)
    join asset_faces f on f.id = v.id join assets a on a.id = f.asset_id
    on conflict (face_id) do update set embedding = excluded.embedding`)
}
