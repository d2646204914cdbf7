import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { AssetClaims } from '#contracts/api/uploads.ts'
import type { PushMessage } from '#contracts/events.ts'
import type { AssetId, UploadId, UserId } from '#contracts/ids.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import { newId } from '#contracts/new-id.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { insertAssetOfUpload, insertPresignedUpload, type Upload } from '#db/queries/uploads.ts'
import { assetExif, assetFiles, assets, outbox, uploads, users } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createLog } from '#workers/runtime/log.ts'
import type { JobContext } from '#workers/runtime/types.ts'
import { createExiftool } from '#workers/tools/exiftool.ts'
import type { MediaDeps } from './deps.ts'
import { createOriginals } from './originals.ts'
import { openTempFolder } from './temp-folder.ts'

export const NOW = new Date('2026-06-01T12:00:00Z')
const REQUEST_ID = 'request-of-the-test'

const CLAIMS: AssetClaims = {
  fileCreatedAt: '2024-05-02T10:00:00.000Z',
  fileModifiedAt: '2024-05-03T10:00:00.000Z',
}

type Seed = { owner: UserId; bytes: Buffer; name: string; sidecar?: Buffer; claims?: AssetClaims }

/** A media worker without its queues: real database, bucket and tools, jobs run by calling their handlers. */
export async function setupMedia() {
  const { db } = await createTestDatabase()
  const storage = createNodeStorage(await createTestBucket())
  const root = await mkdtemp(join(tmpdir(), 'tintype-test-'))
  const temp = await openTempFolder(root)
  const exiftool = createExiftool({ maxProcesses: 1 })
  const originals = createOriginals({ storage, temp })
  let now = NOW
  const told: PushMessage[] = []
  const pusher = {
    push: (messages: PushMessage[]) => void told.push(...messages),
    close: async () => {},
  }
  const deps: MediaDeps = { db, storage, exiftool, originals, temp, pusher, clock: () => now }
  const context: JobContext = {
    log: createLog({ process: 'test', level: 'silent' }),
    signal: new AbortController().signal,
    attempt: 1,
    requestId: REQUEST_ID,
  }
  atEndOfFile(async () => {
    storage.close()
    await exiftool.close()
    await rm(root, { recursive: true, force: true })
  })

  async function seedUser(change: Partial<typeof users.$inferInsert> = {}): Promise<UserId> {
    const id = newId<UserId>()
    await db.insert(users).values({ id, email: `${id}@example.org`, name: 'Ada', ...change })
    return id
  }

  async function seedUpload(seed: Seed, change: Partial<Upload> = {}): Promise<Upload> {
    const { owner, bytes, name } = seed
    const type = mediaTypeOfName(name)
    const assetId = newId<AssetId>()
    return await insertPresignedUpload(db, {
      id: newId<UploadId>(),
      ownerId: owner,
      assetId,
      kind: 'presigned',
      originalFileName: name,
      sizeBytes: bytes.byteLength,
      checksum: createHash('sha1').update(bytes).digest(),
      objectKey: objectKeys.upload({ ownerId: owner, assetId, extension: type?.extension ?? '' }),
      contentType: type?.contentType ?? 'application/octet-stream',
      claims: seed.claims ?? CLAIMS,
      ...change,
    })
  }

  /** As after an upload: object, row and first job. */
  async function seedAsset(seed: Seed): Promise<AssetId> {
    const upload = await seedUpload(seed)
    const { ownerId, assetId, contentType, originalFileName } = upload
    await storage.put(upload.objectKey, seed.bytes, { contentType })
    const sidecarKey = seed.sidecar ? objectKeys.sidecar({ ownerId, assetId }) : null
    if (seed.sidecar && sidecarKey)
      await storage.put(sidecarKey, seed.sidecar, { contentType: 'application/rdf+xml' })
    await insertAssetOfUpload(db, {
      upload,
      asset: {
        id: assetId,
        type: mediaTypeOfName(originalFileName)?.assetType ?? 'IMAGE',
        originalKey: upload.objectKey,
        originalFileName,
        originalMimeType: contentType,
        sizeBytes: seed.bytes.byteLength,
        checksum: upload.checksum ?? Buffer.alloc(20),
        sidecarKey,
      },
      claims: seed.claims ?? CLAIMS,
      requestId: null,
    })
    return assetId
  }

  const findAsset = async (id: AssetId) =>
    (await db.select().from(assets).where(eq(assets.id, id)))[0]
  const findExif = async (id: AssetId) =>
    (await db.select().from(assetExif).where(eq(assetExif.assetId, id)))[0]
  const listFiles = async (id: AssetId) =>
    await db.select().from(assetFiles).where(eq(assetFiles.assetId, id)).orderBy(assetFiles.type)
  const findUpload = async (id: UploadId) =>
    (await db.select().from(uploads).where(eq(uploads.id, id)))[0]
  const findUser = async (id: UserId) => (await db.select().from(users).where(eq(users.id, id)))[0]

  /** Names and payloads of waiting jobs whose payload mentions the text. */
  async function listJobs(mentioned: string) {
    const rows = await db.select().from(outbox).orderBy(outbox.id)
    return rows
      .filter(({ payload }) => JSON.stringify(payload).includes(mentioned))
      .map(({ name, payload, requestId }) => ({ name, payload, requestId }))
  }

  async function readObject(key: string): Promise<Buffer | undefined> {
    const stream = await storage.stream(key)
    return stream && Buffer.concat(await stream.toArray())
  }

  return {
    db,
    storage,
    deps,
    context,
    temp,
    seedUser,
    seedUpload,
    seedAsset,
    findAsset,
    findExif,
    listFiles,
    findUpload,
    findUser,
    listJobs,
    readObject,
    /** What the Hub was asked to tell. */
    told,
    setNow(value: Date) {
      now = value
    },
  }
}
