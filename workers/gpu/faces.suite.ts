import { sql } from 'drizzle-orm'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import type { PgDb } from '#db/node.ts'
import { openSpace, type VectorSpace, writeFaceVectors } from '#db/queries/vector-spaces.ts'
import { assetFaces, assets, people, systemMetadata } from '#db/schema/tables.ts'
import { assetRow, seedUser } from '#test/helpers/seed.ts'
import { createLog } from '#workers/runtime/log.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { handleRecognizeFaces } from './jobs/recognize-faces.ts'

export const DIMENSION = 24

type NewAsset = Parameters<typeof assetRow>[1]
type NewFace = Partial<typeof assetFaces.$inferInsert> & {
  embedding?: number[]
  asset?: NewAsset
}

/** Faces as detection leaves them, each on a photo of its own, and the clustering that follows. */
export function setupFaces(db: PgDb) {
  const context: JobContext = {
    log: createLog({ process: 'test', level: 'silent' }),
    signal: new AbortController().signal,
    attempt: 1,
    requestId: null,
  }
  let space: VectorSpace | undefined
  const spaceOf = async () =>
    (space ??= await openSpace(db, { kind: 'face', model: 'tiny', dimension: DIMENSION }))

  async function seedFaces(ownerId: UserId, faces: NewFace[]): Promise<FaceId[]> {
    const spaceId = (await spaceOf()).id
    const rows = faces.map(({ embedding, asset, ...face }) => {
      const photo = assetRow(ownerId, asset)
      const row = {
        id: newId<FaceId>(),
        assetId: photo.id as AssetId,
        imageWidth: 1000,
        imageHeight: 800,
        boundingBoxX1: 100,
        boundingBoxY1: 100,
        boundingBoxX2: 200,
        boundingBoxY2: 220,
        score: 0.9,
        ...face,
      }
      return { photo, row, embedding }
    })
    await db.insert(assets).values(rows.map(({ photo }) => photo))
    await db.insert(assetFaces).values(rows.map(({ row }) => row))
    await writeFaceVectors(db, {
      spaceId,
      rows: rows.flatMap(({ row, embedding }) =>
        embedding ? [{ faceId: row.id, embedding }] : [],
      ),
    })
    return rows.map(({ row }) => row.id)
  }

  const recognize = async (ownerId: UserId) =>
    await handleRecognizeFaces({ ownerId }, { db, clock: () => new Date() }, context)

  const seedPerson = async (ownerId: UserId, person: Partial<typeof people.$inferInsert> = {}) => {
    const id = newId<PersonId>()
    await db.insert(people).values({ id, ownerId, ...person })
    return id
  }

  async function personOf(faceId: FaceId): Promise<PersonId | null> {
    const { rows } = await db.execute<{ person_id: PersonId | null }>(
      sql`select person_id from asset_faces where id = ${faceId}`,
    )
    return rows[0]?.person_id ?? null
  }

  const listPeople = async (ownerId: UserId) =>
    await db.select().from(people).where(sql`${people.ownerId} = ${ownerId}`).orderBy(people.id)

  const configure = async (facialRecognition: Record<string, number>) =>
    await db
      .insert(systemMetadata)
      .values({ key: 'system-config', value: { machineLearning: { facialRecognition } } })
      .onConflictDoUpdate({ target: systemMetadata.key, set: { value: sql`excluded.value` } })

  return {
    spaceOf,
    seedUser: () => seedUser(db),
    seedFaces,
    seedPerson,
    recognize,
    personOf,
    listPeople,
    configure,
  }
}

/** A direction near a base direction: `degrees` away from it, towards another axis. */
export function direction(base: number, degrees = 0, towards = base + 1): number[] {
  const vector = new Array<number>(DIMENSION).fill(0)
  const radians = (degrees * Math.PI) / 180
  vector[base] = Math.cos(radians)
  vector[towards] = Math.sin(radians)
  return vector
}
