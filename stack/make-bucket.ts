import { ensureBucket, ensureEvents } from './stores/bucket.ts'

const { S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env
if (!S3_ENDPOINT || !S3_BUCKET || !S3_ACCESS_KEY_ID || !S3_SECRET_ACCESS_KEY) {
  throw new Error('S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are needed')
}
const bucket = {
  endpoint: S3_ENDPOINT,
  region: S3_REGION ?? 'us-east-1',
  bucket: S3_BUCKET,
  accessKeyId: S3_ACCESS_KEY_ID,
  secretAccessKey: S3_SECRET_ACCESS_KEY,
}
await ensureBucket(bucket)

/** Set for a MinIO that this installation runs itself. Without events, dropped files are found within a minute. */
const { STORE_EVENTS_ARN } = process.env
if (STORE_EVENTS_ARN) {
  await ensureEvents(bucket, STORE_EVENTS_ARN).catch((error: Error) => console.warn(error.message))
}
