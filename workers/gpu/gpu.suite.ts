import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { detectFaces } from '#contracts/jobs/detect-faces.ts'
import { embedImage } from '#contracts/jobs/embed-image.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import { findSpaces, type VectorSpaceKind, vectorTable } from '#db/queries/vector-spaces.ts'
import {
  assetFaces,
  assetFiles,
  assetModelRuns,
  assets,
  systemMetadata,
} from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { listRows } from '#test/helpers/job-system.ts'
import { assetRow, seedUser } from '#test/helpers/seed.ts'
import { until } from '#test/helpers/until.ts'
import { createTestValkey } from '#test/helpers/valkey.ts'
import { createLog } from '#workers/runtime/log.ts'
import { startDispatcher } from '../dispatcher/start-dispatcher.ts'
import { createEngine } from './inference/engine.ts'
import { createModelStore } from './models/model-store.ts'
import { startGpu } from './start-gpu.ts'

const SECRET = 'a-secret-of-the-tests'
/** Looks are frequent, so that tests wait little. */
const TIMING = { lookMs: 50, buildingMs: 50, activeMs: 200, modelRetryMs: 300 }

/** As `until`, for what needs a model to be loaded first. */
export const untilSeen = (condition: () => Promise<boolean> | boolean) =>
  until(condition, { timeoutMs: 150_000 })

type MachineLearning = {
  enabled?: boolean
  clip?: { enabled?: boolean; modelName?: string }
  facialRecognition?: { enabled?: boolean; modelName?: string; minScore?: number }
  acceptedModels?: string[]
}

/** A library with previews, a dispatcher, and gpu workers that find models in `modelsFolder`. */
export async function setupGpu() {
  const database = await createTestDatabase()
  const { db } = database
  const bucket = await createTestBucket()
  const storage = createNodeStorage(bucket)
  const valkey = createTestValkey()
  const folder = await mkdtemp(join(tmpdir(), 'tintype-gpu-'))
  const modelsFolder = join(folder, 'models')
  const log = createLog({ process: 'test', level: process.env.TEST_LOG_LEVEL ?? 'silent' })
  const dispatcher = await startDispatcher({
    db,
    listenUrl: database.appUrl,
    valkey,
    http: { host: '127.0.0.1', port: 0, secret: SECRET },
    log,
    schedules: [],
    pollMs: 500,
  })
  atEndOfFile(async () => {
    await dispatcher.stop()
    storage.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function startWorker({ hubUrl }: { hubUrl?: string } = {}) {
    const store = createModelStore({
      modelsDir: modelsFolder,
      cacheFolder: join(folder, 'cache'),
      hubUrl,
    })
    const engine = createEngine({
      modelFolder: async (name) =>
        (await store.find('clip', name)) ?? (await store.find('face', name)),
      concurrency: 1,
      log,
      providers: ['cpu'],
    })
    const worker = await startGpu({
      db,
      storage: createNodeStorage(bucket),
      engine,
      store,
      valkey,
      http: { host: '127.0.0.1', port: 0, secret: SECRET },
      log,
      timing: TIMING,
    })
    atEndOfFile(worker.stop)
    const ask = async (path: string, body?: object) => {
      const response = await fetch(`http://127.0.0.1:${worker.port}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${SECRET}` },
        ...(body && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: await response.json() }
    }
    return { ...worker, ask }
  }

  /** As after the thumbnails, with both jobs. */
  async function addPicture(
    ownerId: UserId,
    preview: Buffer,
    asset: Partial<typeof assets.$inferInsert> = {},
  ): Promise<AssetId> {
    const row = assetRow(ownerId, { thumbnailedAt: new Date(), ...asset })
    const assetId = row.id as AssetId
    await putPreview(row, preview)
    await addJobs(assetId)
    return assetId
  }

  async function putPreview(row: typeof assets.$inferInsert, preview: Buffer) {
    const objectKey = objectKeys.preview({ ...row, derivativesVersion: 1 })
    await storage.put(objectKey, preview, { contentType: 'image/jpeg' })
    await db.insert(assets).values(row)
    await db.insert(assetFiles).values({
      assetId: row.id,
      type: 'preview',
      objectKey,
      contentType: 'image/jpeg',
      sizeBytes: preview.byteLength,
    })
  }

  const addJobs = (assetId: AssetId) =>
    insertJobs(db, [embedImage.message({ assetId }), detectFaces.message({ assetId })])

  async function configure(machineLearning: MachineLearning) {
    await db
      .insert(systemMetadata)
      .values({ key: 'system-config', value: { machineLearning } })
      .onConflictDoUpdate({ target: systemMetadata.key, set: { value: sql`excluded.value` } })
  }

  const spaceOf = async (kind: VectorSpaceKind, model?: string) =>
    (await findSpaces(db)).find(
      (space) => space.kind === kind && (model ? space.model === model : space.state === 'active'),
    )

  /** Ids of assets or faces that have a vector, of the active space or of a model's. */
  async function listVectors(kind: VectorSpaceKind, model?: string): Promise<string[]> {
    const space = await spaceOf(kind, model)
    if (!space) return []
    const id = sql.identifier(kind === 'clip' ? 'asset_id' : 'face_id')
    const { rows } = await db.execute<{ id: string }>(
      sql`select ${id} as id from ${vectorTable(space)} order by 1`,
    )
    return rows.map((row) => row.id)
  }

  /** Assets, the nearest to a query's vector first. */
  async function findNearest(query: number[], model?: string): Promise<AssetId[]> {
    const space = await spaceOf('clip', model)
    if (!space) return []
    const { rows } = await db.execute<{ asset_id: AssetId }>(sql`
      select asset_id from ${vectorTable(space)} order by embedding <=> ${JSON.stringify(query)}::vector, asset_id`)
    return rows.map((row) => row.asset_id)
  }

  const listFaces = (assetId: AssetId) =>
    db.select().from(assetFaces).where(eq(assetFaces.assetId, assetId)).orderBy(assetFaces.id)
  const listRuns = (assetId: AssetId) =>
    db.select().from(assetModelRuns).where(eq(assetModelRuns.assetId, assetId))

  const listOpenJobs = async (name: string) =>
    (await listRows(db)).filter((row) => row.name === name)
  const openJobsOf = async (assetId: AssetId) =>
    (await listRows(db)).filter(({ payload }) => payload.assetId === assetId)
  const isDone = (...assetIds: AssetId[]) =>
    untilSeen(async () => {
      const rows = await listRows(db)
      return !rows.some(({ payload }) => assetIds.includes(payload.assetId as AssetId))
    })

  return {
    db,
    bucket,
    valkey,
    database,
    storage,
    folder,
    modelsFolder,
    seedUser: () => seedUser(db),
    startWorker,
    addPicture,
    addJobs,
    configure,
    spaceOf,
    listVectors,
    findNearest,
    listFaces,
    listRuns,
    listOpenJobs,
    openJobsOf,
    isDone,
  }
}
