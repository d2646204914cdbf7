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
}

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
    },
    stopSignal: 'SIGTERM',
    isReady: () => answersOk(`http://127.0.0.1:${options.port}/minio/health/ready`),
  }
}
