import { randomBytes } from 'node:crypto'
import { Client } from 'minio'
import { inject } from 'vitest'
import { atEndOfFile } from './at-end-of-file.ts'

export type TestBucket = {
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
}

/** An empty bucket of the test file's own; it goes at the end of the file, with what is in it. */
export async function createTestBucket(): Promise<TestBucket> {
  const { s3 } = inject('stores')
  const bucket = `test-${randomBytes(6).toString('hex')}`
  const { hostname, port, protocol } = new URL(s3.endpoint)
  const useSSL = protocol === 'https:'
  const client = new Client({
    endPoint: hostname,
    port: Number(port) || (useSSL ? 443 : 80),
    useSSL,
    region: s3.region,
    accessKey: s3.accessKeyId,
    secretKey: s3.secretAccessKey,
  })
  await client.makeBucket(bucket, s3.region)
  atEndOfFile(() => removeBucket(client, bucket))
  return { ...s3, bucket }
}

async function removeBucket(client: Client, bucket: string) {
  const keys: string[] = []
  for await (const object of client.listObjectsV2(bucket, '', true)) keys.push(object.name)
  if (keys.length > 0) await client.removeObjects(bucket, keys)
  for await (const upload of client.listIncompleteUploads(bucket, '', true))
    await client.removeIncompleteUpload(bucket, upload.key)
  await client.removeBucket(bucket)
}
