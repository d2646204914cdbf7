import { sql } from 'drizzle-orm'
import { PersonResponseDto } from '#contracts/api/people.ts'
import type { AssetId, FaceId, PersonId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, assets, outbox, people } from '#db/schema/tables.ts'
import type { TestEdge, TestUser } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'

type NewFace = Partial<typeof assetFaces.$inferInsert> & {
  asset?: Parameters<typeof assetRow>[1]
}

/** People and faces as clustering leaves them. */
export function setupPeople({ db, as }: TestEdge) {
  async function seedFace(
    owner: TestUser,
    personId: PersonId | null,
    { asset, ...face }: NewFace = {},
  ): Promise<{ faceId: FaceId; assetId: AssetId }> {
    let assetId = face.assetId
    if (!assetId) {
      const row = assetRow(owner.id, asset)
      await db.insert(assets).values(row)
      assetId = row.id as AssetId
    }
    const id = newId<FaceId>()
    await db.insert(assetFaces).values({
      id,
      personId,
      imageWidth: 1000,
      imageHeight: 800,
      boundingBoxX1: 100,
      boundingBoxY1: 100,
      boundingBoxX2: 200,
      boundingBoxY2: 220,
      score: 0.9,
      ...face,
      assetId,
    })
    return { faceId: id, assetId }
  }

  /** Somebody with as many faces, each in a photo of its own. */
  async function seedPerson(
    owner: TestUser,
    { faces = 3, ...person }: Partial<typeof people.$inferInsert> & { faces?: number } = {},
  ) {
    const id = newId<PersonId>()
    await db.insert(people).values({ id, ownerId: owner.id, ...person })
    const made: { faceId: FaceId; assetId: AssetId }[] = []
    for (let count = 0; count < faces; count += 1) made.push(await seedFace(owner, id))
    return { id, faces: made }
  }

  const findRow = async (id: PersonId) =>
    (await db.select().from(people).where(sql`${people.id} = ${id}`))[0]
  const personOf = async (faceId: FaceId) =>
    (await db.select().from(assetFaces).where(sql`${assetFaces.id} = ${faceId}`))[0]?.personId
  const jobsAbout = async (text: string) =>
    (
      await db
        .select()
        .from(outbox)
        .where(sql`${outbox.payload}::text like ${`%${text}%`}`)
    ).map(({ name }) => name)
  const getPerson = async (owner: TestUser, id: PersonId) =>
    PersonResponseDto.parse(await (await as(owner).get(`/api/people/${id}`)).json())

  return { seedFace, seedPerson, findRow, personOf, jobsAbout, getPerson }
}
