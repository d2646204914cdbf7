import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { ApiKeyCreateResponseDto } from '#contracts/api/api-keys.ts'
import { SessionCreateResponseDto } from '#contracts/api/sessions.ts'
import type { AlbumId, AssetId, FaceId, PersonId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { openSpace, writeClipVectors, writeFaceVectors } from '#db/queries/vector-spaces.ts'
import { hasVectors } from '#db/queries/vectors.ts'
import {
  albumAssets,
  albums,
  albumUsers,
  assetExif,
  assetFaces,
  assets,
  inboxObjects,
  people,
} from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { seedDerivatives } from '#test/helpers/derivatives.ts'
import type { TestEdge, TestUser } from '#test/helpers/edge.ts'
import { sha1, uploadAsset } from '#test/helpers/forms.ts'
import { beginUpload } from '#test/helpers/presigned.ts'

/** Every state that an asset can be in. `motion` is the hidden half of a live photo whose still is locked. */
export const STATES = [
  'active',
  'archived',
  'hidden',
  'trashed',
  'locked',
  'still',
  'motion',
] as const
export type State = (typeof STATES)[number]

const VISIBILITIES: Record<State, 'timeline' | 'archive' | 'hidden' | 'locked'> = {
  active: 'timeline',
  archived: 'archive',
  hidden: 'hidden',
  trashed: 'timeline',
  locked: 'locked',
  still: 'locked',
  motion: 'hidden',
}
export const PLACE = { latitude: 52.5, longitude: 13.4 }
const VECTOR = [1, 0, 0, 0]

export type OneAsset = {
  id: AssetId
  face: FaceId
  checksum: string
  originalKey: string
  derivativeKey: string
  /** Of the place and the camera; no other asset's. */
  word: string
}

/** An asset in one of the states, with metadata, derivatives, a face of this person, and what models saw. */
async function addAsset(
  edge: TestEdge,
  owner: TestUser,
  { state, word, personId }: { state: State; word: string; personId: PersonId },
): Promise<OneAsset> {
  const { db } = edge
  const bytes = randomBytes(500)
  const fileName = `${word}.${state === 'still' ? 'jpg' : 'mp4'}`
  const fields = { visibility: VISIBILITIES[state] }
  const id = await uploadAsset(edge, owner, { bytes, fields, fileName })
  await seedDerivatives(edge, { ownerId: owner.id, assetId: id })
  await db
    .update(assetExif)
    .set({ city: word, state: word, country: word, make: word, model: word, lensModel: word })
    .where(eq(assetExif.assetId, id))
  await db
    .update(assetExif)
    .set({ description: word, ...PLACE })
    .where(eq(assetExif.assetId, id))
  if (state === 'trashed') {
    await db
      .update(assets)
      .set({ status: 'trashed', trashedAt: new Date() })
      .where(eq(assets.id, id))
  }
  const face = newId<FaceId>()
  const box = { boundingBoxX1: 10, boundingBoxY1: 10, boundingBoxX2: 50, boundingBoxY2: 50 }
  const size = { imageWidth: 100, imageHeight: 100 }
  await db
    .insert(assetFaces)
    .values({ id: face, assetId: id, personId, ...box, ...size, score: 0.9 })
  if (await hasVectors(db)) {
    const model = { model: 'of-the-test', dimension: VECTOR.length }
    const clip = await openSpace(db, { kind: 'clip', ...model })
    const faces = await openSpace(db, { kind: 'face', ...model })
    const rows = {
      clip: [{ assetId: id, embedding: VECTOR }],
      face: [{ faceId: face, embedding: VECTOR }],
    }
    await writeClipVectors(db, { spaceId: clip.id, rows: rows.clip })
    await writeFaceVectors(db, { spaceId: faces.id, rows: rows.face })
  }
  const [row] = await db.select().from(assets).where(eq(assets.id, id))
  return {
    ...{ id, face, word },
    checksum: sha1(bytes).toString('base64'),
    originalKey: row?.originalKey ?? '',
    derivativeKey: objectKeys.preview({ ownerId: owner.id, id, derivativesVersion: 1 }),
  }
}

async function addPerson(edge: TestEdge, owner: TestUser, name: string): Promise<PersonId> {
  const id = newId<PersonId>()
  const thumbnailKey = `thumbs/${owner.id}/${id}.jpeg`
  const storage = createNodeStorage(edge.bucket)
  await storage.put(thumbnailKey, Buffer.from(name), { contentType: 'image/jpeg' })
  storage.close()
  await edge.db.insert(people).values({ id, ownerId: owner.id, name, thumbnailKey })
  return id
}

async function addAlbum(edge: TestEdge, owner: TestUser, name: string, assetIds: AssetId[]) {
  const id = newId<AlbumId>()
  await edge.db.insert(albums).values({ id, name, description: name })
  await edge.db.insert(albumUsers).values({ albumId: id, userId: owner.id, role: 'owner' })
  await edge.db.insert(albumAssets).values(assetIds.map((assetId) => ({ albumId: id, assetId })))
  return id
}

async function dropInbox(edge: TestEdge, owner: TestUser, name: string) {
  const objectKey = `inbox/${owner.id}/${name}`
  const storage = createNodeStorage(edge.bucket)
  await storage.put(objectKey, Buffer.from(name), { contentType: 'image/jpeg' })
  const head = await storage.head(objectKey)
  storage.close()
  const etag = head?.etag.replaceAll('"', '') ?? ''
  await edge.db.insert(inboxObjects).values({
    ...{ ownerId: owner.id, objectKey, assetId: newId<AssetId>() },
    ...{ etag, sizeBytes: name.length, lastModified: new Date(0), state: 'refused', reason: name },
  })
  return objectKey
}

/** What somebody has, of every kind. What it says contains `word`, and nothing else does. */
export async function fillLibrary(edge: TestEdge, owner: TestUser, word: string) {
  const person = await addPerson(edge, owner, `${word} person`)
  const otherPerson = await addPerson(edge, owner, `${word} other`)
  const assetsByState = new Map<State, OneAsset>()
  for (const state of STATES) {
    assetsByState.set(
      state,
      await addAsset(edge, owner, { state, word: word + state, personId: person }),
    )
  }
  const of = (state: State) => assetsByState.get(state) as OneAsset // filled just now
  await edge.db
    .update(assets)
    .set({ livePhotoVideoId: of('motion').id })
    .where(eq(assets.id, of('still').id))
  await edge.db.execute(
    sql`update people set cover_face_id = ${of('active').face} where id = ${person}`,
  )
  const filed = [of('active').id, of('archived').id, of('trashed').id]
  const [keyMade, sessionMade] = [
    await edge.as(owner).post('/api/api-keys', { name: `${word} key`, permissions: ['all'] }),
    await edge.as(owner).post('/api/sessions', { deviceType: `${word} device` }),
  ]
  return {
    ...{ owner, word, person, otherPerson, of, assets: [...assetsByState.values()] },
    album: await addAlbum(edge, owner, `${word} album`, filed),
    inboxKey: await dropInbox(edge, owner, `${word}.jpg`),
    upload: (await beginUpload(edge, owner, { fileName: `${word}.jpg` })).id,
    apiKey: ApiKeyCreateResponseDto.parse(await keyMade.json()),
    session: SessionCreateResponseDto.parse(await sessionMade.json()),
  }
}
export type Library = Awaited<ReturnType<typeof fillLibrary>>

/** Every id of a library but its owner's. */
export const idsOf = (library: Library): string[] => [
  ...library.assets.flatMap(({ id, face }) => [id, face]),
  ...[library.person, library.otherPerson, library.album, library.upload],
  ...[library.apiKey.apiKey.id, library.session.id],
]

/** Every row of every table that names something of a library, and every object below its owner's prefixes. */
export async function snapshotOf(edge: TestEdge, library: Library) {
  const { db } = edge
  const { rows: tables } = await db.execute<{ name: string }>(
    sql`select quote_ident(table_name) as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  )
  const pattern = [library.owner.id, ...idsOf(library), library.word].join('|')
  const each = tables.map(({ name }) => {
    const table = sql.raw(name)
    return sql`select ${name}::text as name, to_jsonb(t)::text as row from ${table} t
      where to_jsonb(t)::text ~ ${pattern}`
  })
  const { rows } = await db.execute(sql`${sql.join(each, sql` union all `)} order by 1, 2`)
  const storage = createNodeStorage(edge.bucket)
  const { objects } = await storage.list('')
  storage.close()
  return {
    rows,
    keys: objects.map(({ key }) => key).filter((key) => key.includes(library.owner.id)),
  }
}
