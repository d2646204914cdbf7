import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMinio, startPostgres, startValkey } from '#stack/stores.ts'

/** Where the tests' stores are. Tests make databases, buckets and key prefixes of their own in them. */
export type TestStores = {
  /** Of a role that may make databases and roles. */
  databaseUrl: string
  valkeyUrl: string
  s3: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string }
}

type Env = Record<string, string | undefined>

const REGION = 'us-east-1'

/** Takes the stores that TEST_* variables name, and starts the others in a folder that goes with them. */
export async function openTestStores(env: Env) {
  const cleanups: (() => Promise<unknown>)[] = []
  let folder: Promise<string> | undefined
  const folderOf = async (name: string) => {
    folder ??= mkdtemp(join(tmpdir(), 'tintype-test-'))
    // Postgres runs under an account of its own and has to get to its folder.
    await chmod(await folder, 0o711)
    return join(await folder, name)
  }
  const own = async <Store extends { stop(): Promise<void> }>(starting: Promise<Store>) => {
    const store = await starting
    cleanups.push(store.stop)
    return store
  }
  const password = randomBytes(16).toString('hex')

  const openPostgres = async () =>
    env.TEST_DATABASE_URL ??
    (await own(startPostgres({ dataFolder: await folderOf('pg'), password, isDurable: false }))).url
  const openValkey = async () =>
    env.TEST_VALKEY_URL ??
    (await own(startValkey({ dataFolder: await folderOf('valkey'), password, isDurable: false })))
      .url
  const openS3 = async () => {
    if (env.TEST_S3_ENDPOINT)
      return {
        endpoint: env.TEST_S3_ENDPOINT,
        region: env.TEST_S3_REGION ?? REGION,
        accessKeyId: env.TEST_S3_ACCESS_KEY_ID ?? '',
        secretAccessKey: env.TEST_S3_SECRET_ACCESS_KEY ?? '',
      }
    const key = { accessKeyId: 'tintype-test', secretAccessKey: password, region: REGION }
    const minio = await own(startMinio({ dataFolder: await folderOf('minio'), ...key }))
    return { endpoint: minio.url, ...key }
  }
  const close = async () => {
    await Promise.all(cleanups.map((cleanup) => cleanup()))
    if (folder) await rm(await folder, { recursive: true, force: true })
  }

  const opened = await Promise.allSettled([openPostgres(), openValkey(), openS3()])
  const failed = opened.find((result) => result.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const [databaseUrl, valkeyUrl, s3] = opened.map(
    (result) => result.status === 'fulfilled' && result.value,
  ) as [string, string, TestStores['s3']]
  return { stores: { databaseUrl, valkeyUrl, s3 } satisfies TestStores, close }
}
