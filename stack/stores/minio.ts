import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findBinary } from '../find-binary.ts'
import { answersOk } from '../http-health.ts'
import { makeDataFolder } from './data-folder.ts'
import type { StorePlan } from './store.ts'

export type MinioOptions = {
  dataFolder: string
  port: number
  accessKeyId: string
  secretAccessKey: string
  region: string
  /** Where it tells of new objects, and with which secret. */
  events?: { url: string; secret: string } | undefined
}

/** MinIO's name for the webhook below, as the bucket's notifications name it. */
export const eventsArnOf = (region: string) => `arn:minio:sqs:${region}:TINTYPE:webhook`

/**
 * Without MINIO_NOTIFY_WEBHOOK_QUEUE_DIR: MinIO starts and stores whether or not anybody listens, and tells at once. With
 * it, each event waits for up to 3 s, and one that is refused is sent for ever while all others wait behind it. What
 * an absent Hub misses, the reconcile finds.
 */
export const eventsEnvironment = ({ url, secret }: { url: string; secret: string }) => ({
  MINIO_NOTIFY_WEBHOOK_ENABLE_TINTYPE: 'on',
  MINIO_NOTIFY_WEBHOOK_ENDPOINT_TINTYPE: url,
  MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_TINTYPE: `Bearer ${secret}`,
})

export async function planMinio(options: MinioOptions): Promise<StorePlan> {
  const minio = findBinary('minio')
  if (!minio) throw new Error('minio is missing; install MinIO or set S3_ENDPOINT')
  await makeDataFolder(options.dataFolder)
  const folder = join(options.dataFolder, 'minio')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    name: 'minio',
    file: minio,
    args: ['server', folder, '--address', `127.0.0.1:${options.port}`, '--quiet', '--json'],
    env: {
      MINIO_ROOT_USER: options.accessKeyId,
      MINIO_ROOT_PASSWORD: options.secretAccessKey,
      MINIO_REGION: options.region,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_API_CORS_ALLOW_ORIGIN: process.env.MINIO_API_CORS_ALLOW_ORIGIN ?? '*',
      MINIO_SCANNER_SPEED: 'slowest',
      GOMEMLIMIT: '512MiB',
      ...(options.events && eventsEnvironment(options.events)),
    },
    stopSignal: 'SIGTERM',
    isReady: () => answersOk(`http://127.0.0.1:${options.port}/minio/health/ready`),
  }
}
