import { sql } from 'drizzle-orm'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AssetId, FaceId, PersonId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { assetFaces, assetFiles, assets, outbox, people } from '#db/schema/tables.ts'
import { assetRow } from '#test/helpers/seed.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleDeleteObjects } from './delete-objects.ts'
import { handleMakePersonThumbnail } from './make-person-thumbnail.ts'

const media = await setupMedia()
const { db, storage, deps, context } = media
let owner: UserId
beforeAll(async () => {
  owner = await media.seedUser()
})

const RED = { r: 220, g: 20, b: 20 }
const BLUE = { r: 20, g: 20, b: 220 }

/** Blue, with a red square at a place. */
async function picture({
  width = 800,
  height = 600,
  at = { left: 500, top: 100, side: 200 },
} = {}) {
  const red = await sharp({
    create: { width: at.side, height: at.side, channels: 3, background: RED },
  })
    .png()
    .toBuffer()
  return await sharp({ create: { width, height, channels: 3, background: BLUE } })
    .composite([{ input: red, left: at.left, top: at.top }])
    .jpeg({ quality: 95 })
    .toBuffer()
}

async function seedPerson(change: Partial<typeof people.$inferInsert> = {}): Promise<PersonId> {
  const id = newId<PersonId>()
  await db.insert(people).values({ id, ownerId: owner, ...change })
  return id
}

type Seed = {
  personId: PersonId
  face?: Partial<typeof assetFaces.$inferInsert>
  asset?: Parameters<typeof assetRow>[1]
  preview?: Buffer
}

/** A face at the red square of a photo that has its preview. */
async function seedFace({ personId, face, asset, preview }: Seed): Promise<FaceId> {
  const row = assetRow(owner, { width: 800, height: 600, thumbnailedAt: new Date(), ...asset })
  const objectKey = `thumbs/${owner}/${row.id}-preview.jpeg`
  const bytes = preview ?? (await picture())
  await storage.put(objectKey, bytes, { contentType: 'image/jpeg' })
  await db.insert(assets).values(row)
  await db.insert(assetFiles).values({
    assetId: row.id as AssetId,
    type: 'preview',
    objectKey,
    contentType: 'image/jpeg',
    sizeBytes: bytes.length,
  })
  const id = newId<FaceId>()
  await db.insert(assetFaces).values({
    id,
    assetId: row.id as AssetId,
    personId,
    imageWidth: 800,
    imageHeight: 600,
    boundingBoxX1: 500,
    boundingBoxY1: 100,
    boundingBoxX2: 700,
    boundingBoxY2: 300,
    score: 0.9,
    ...face,
  })
  return id
}

const make = (personId: PersonId) => handleMakePersonThumbnail({ personId }, deps, context)
const findPerson = async (id: PersonId) =>
  (await db.select().from(people).where(sql`${people.id} = ${id}`))[0]
const assetOf = (faceId: FaceId) =>
  sql`${assets.id} = (select asset_id from asset_faces where id = ${faceId})`

/** Mean colour of a part of the picture. */
async function colourAt(bytes: Buffer, left: number, top: number) {
  const { channels } = await sharp(
    await sharp(bytes).extract({ left, top, width: 4, height: 4 }).png().toBuffer(),
  ).stats()
  return channels.map(({ mean }) => Math.round(mean))
}

describe('a thumbnail', () => {
  test('is the square of the face with a margin, 250 wide', async () => {
    const personId = await seedPerson()
    const faceId = await seedFace({ personId })

    await make(personId)

    const person = await findPerson(personId)
    expect(person).toMatchObject({ coverFaceId: faceId, thumbnailKey: expect.any(String) })
    expect(person?.thumbnailKey).toContain(`thumbs/${owner}/`)
    const bytes = (await media.readObject(person?.thumbnailKey ?? '')) as Buffer
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 250, height: 250 })
    const [red] = await colourAt(bytes, 120, 120)
    expect(red).toBeGreaterThan(200)
    const [margin] = await colourAt(bytes, 4, 120)
    expect(margin).toBeLessThan(60)
  })

  test('of a face at the edge stays a square inside the picture', async () => {
    const personId = await seedPerson()
    await seedFace({
      personId,
      face: { boundingBoxX1: 700, boundingBoxY1: 0, boundingBoxX2: 800, boundingBoxY2: 590 },
    })

    await make(personId)

    const { thumbnailKey } = (await findPerson(personId)) ?? {}
    const bytes = (await media.readObject(thumbnailKey ?? '')) as Buffer
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 250, height: 250 })
  })

  test('of a small face is cut from the original', async () => {
    const personId = await seedPerson()
    const at = { left: 3000, top: 1000, side: 100 }
    const bytes = await picture({ width: 4000, height: 3000, at })
    const originalKey = `upload/${owner}/${personId}.jpg`
    await storage.put(originalKey, bytes, { contentType: 'image/jpeg' })
    // The preview is blue all over, so that the colour tells where the cut is from.
    const preview = await picture({ at: { left: 0, top: 0, side: 10 } })
    await seedFace({
      personId,
      preview,
      asset: { originalKey, width: 4000, height: 3000, sizeBytes: bytes.length },
      face: {
        imageWidth: 1920,
        imageHeight: 1440,
        boundingBoxX1: 1440,
        boundingBoxY1: 480,
        boundingBoxX2: 1488,
        boundingBoxY2: 528,
      },
    })

    await make(personId)

    const { thumbnailKey } = (await findPerson(personId)) ?? {}
    const cut = (await media.readObject(thumbnailKey ?? '')) as Buffer
    const [red] = await colourAt(cut, 120, 120)
    expect(red).toBeGreaterThan(200)
  })

  test('is made once', async () => {
    const personId = await seedPerson()
    await seedFace({ personId })
    await make(personId)
    const before = await findPerson(personId)
    await make(personId)

    expect(await findPerson(personId)).toEqual(before)
  })
})

describe('a cover', () => {
  test('is the surest of the larger faces, and the chosen one once there is one', async () => {
    const personId = await seedPerson()
    const small = await seedFace({
      personId,
      face: { score: 0.99, boundingBoxX2: 520, boundingBoxY2: 120 },
    })
    const best = await seedFace({ personId, face: { score: 0.95 } })
    await seedFace({ personId, face: { score: 0.8 } })
    await make(personId)
    expect((await findPerson(personId))?.coverFaceId).toBe(best)
    const { thumbnailKey } = (await findPerson(personId)) ?? {}

    await db.update(people).set({ coverFaceId: small }).where(sql`id = ${personId}`)
    await make(personId)

    const person = await findPerson(personId)
    expect(person?.coverFaceId).toBe(small)
    const jobs = await db.select().from(outbox).where(sql`name = 'delete-objects'`)
    expect(jobs.map(({ payload }) => payload)).toContainEqual({ keys: [thumbnailKey] })
    await handleDeleteObjects({ keys: [thumbnailKey ?? '', person?.thumbnailKey ?? ''] }, deps)
    expect(await media.readObject(thumbnailKey ?? '')).toBeUndefined()
    expect(await media.readObject(person?.thumbnailKey ?? '')).toBeDefined()
  })

  test.each([
    { visibility: 'locked' as const },
    { status: 'trashed' as const, trashedAt: new Date() },
  ])('gives way when its asset is %o, and a job says so', async (change) => {
    const personId = await seedPerson()
    const cover = await seedFace({ personId, face: { score: 0.95 } })
    const other = await seedFace({ personId, face: { score: 0.8 } })
    await make(personId)
    expect((await findPerson(personId))?.coverFaceId).toBe(cover)

    await db.update(assets).set(change).where(assetOf(cover))
    const jobs = await db.select().from(outbox).where(sql`payload ->> 'personId' = ${personId}`)
    expect(jobs).toMatchObject([{ name: 'make-person-thumbnail', attempts: 5 }])
    await make(personId)
    expect((await findPerson(personId))?.coverFaceId).toBe(other)

    await db.update(assets).set(change).where(assetOf(other))
    await make(personId)
    expect(await findPerson(personId)).toMatchObject({ coverFaceId: null, thumbnailKey: null })
  })
})

test('a person without faces goes, unless somebody named them', async () => {
  const unnamed = await seedPerson()
  const named = await seedPerson({ name: 'Ada' })
  await make(unnamed)
  await make(named)

  expect(await findPerson(unnamed)).toBeUndefined()
  expect(await findPerson(named)).toBeDefined()
})
