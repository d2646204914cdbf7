import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import type { AssetId } from '#contracts/ids.ts'
import { assetModelRuns } from '#db/schema/tables.ts'
import { freePort } from '#stack/stores/free-port.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { facePicture, makeTinyClip, makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { setupGpu, untilSeen } from './gpu.suite.ts'

const PICTURES = 40
const ENTRY = join(import.meta.dirname, 'index.ts')

// Models are loaded and processes started, beside whatever else the machine does.
vi.setConfig({ testTimeout: 300_000 })

const gpu = await setupGpu()
const { db, bucket } = gpu
await makeTinyClip({ folder: gpu.modelsFolder, name: 'tiny-clip', dimension: 16 })
await makeTinyFaces({ folder: gpu.modelsFolder, name: 'tiny-faces', dimension: 8 })
await gpu.configure({
  clip: { modelName: 'tiny-clip' },
  facialRecognition: { modelName: 'tiny-faces' },
})

async function startProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY], {
    env: {
      PATH: process.env.PATH,
      LOG_LEVEL: 'warn',
      APP_DATABASE_URL: gpu.database.appUrl,
      VALKEY_URL: gpu.valkey.url,
      VALKEY_PREFIX: gpu.valkey.prefix,
      S3_ENDPOINT: bucket.endpoint,
      S3_REGION: bucket.region,
      S3_BUCKET: bucket.bucket,
      S3_ACCESS_KEY_ID: bucket.accessKeyId,
      S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
      GPU_PORT: String(await freePort()),
      GPU_SECRET: 'a-secret-of-the-tests',
      MODELS_DIR: gpu.modelsFolder,
      MODELS_CACHE: join(gpu.folder, 'cache'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  atEndOfFile(async () => void child.kill('SIGKILL'))
  return child
}

const countRuns = async () => (await db.select().from(assetModelRuns)).length

async function addPictures(count: number): Promise<AssetId[]> {
  const owner = await gpu.seedUser()
  const preview = await facePicture([
    { colour: '#ff0000', x: 128, y: 128 },
    { colour: '#0000ff', x: 384, y: 384 },
  ])
  const ids: AssetId[] = []
  for (let index = 0; index < count; index += 1) ids.push(await gpu.addPicture(owner, preview))
  return ids
}

/** Whoever writes a run when there are so many waits, until it is let go. */
async function holdRunsFrom(count: number) {
  const owner = new pg.Client({ connectionString: gpu.database.ownerUrl })
  await owner.connect()
  await owner.query('select pg_advisory_lock(1)')
  await owner.query(`create function hold_run() returns trigger language plpgsql as $$ begin
    if (select count(*) from asset_model_runs) >= ${count} then perform pg_advisory_xact_lock_shared(1); end if;
    return new; end $$`)
  await owner.query(
    'create trigger hold_run before insert on asset_model_runs for each row execute function hold_run()',
  )
  return async function letGo() {
    await owner.query('select pg_advisory_unlock(1)')
    await owner.query('drop trigger hold_run on asset_model_runs')
    await owner.end()
  }
}

test('a worker that is killed in the middle loses nothing and leaves nothing twice', async () => {
  const ids = await addPictures(PICTURES)
  const letGo = await holdRunsFrom(PICTURES / 4)
  const first = await startProcess()
  await untilSeen(async () => (await countRuns()) >= PICTURES / 4)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const runsAtDeath = await countRuns()
  await letGo()

  const second = await startProcess()
  await gpu.isDone(...ids)

  const faces = await Promise.all(ids.map(gpu.listFaces))
  expect(runsAtDeath).toBeLessThan(2 * PICTURES)
  expect(await countRuns()).toBe(2 * PICTURES)
  expect((await gpu.listVectors('clip')).sort()).toEqual([...ids].sort())
  expect(faces.map(({ length }) => length)).toEqual(ids.map(() => 2))
  expect(await gpu.listVectors('face')).toHaveLength(2 * PICTURES)
  second.kill('SIGTERM')
  const [code] = await once(second, 'exit')
  expect(code).toBe(0)
})

test('a worker that is asked to stop finishes what it holds', async () => {
  const before = await countRuns()
  const worker = await startProcess()
  const ids = await addPictures(PICTURES / 2)
  await untilSeen(async () => (await countRuns()) > before + 5)

  worker.kill('SIGTERM')
  const [code] = await once(worker, 'exit')
  const next = await startProcess()
  await gpu.isDone(...ids)

  expect(code).toBe(0)
  expect(await countRuns()).toBe(before + PICTURES)
  next.kill('SIGTERM')
  await once(next, 'exit')
})
