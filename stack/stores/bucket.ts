import { AwsClient } from 'aws4fetch'

export type Bucket = {
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
}

/** Makes the bucket where it is missing. A bucket that this key already owns is as good. */
export async function ensureBucket({ endpoint, bucket, ...key }: Bucket) {
  const client = new AwsClient({ ...key, service: 's3', retries: 2 })
  const url = `${endpoint.replace(/\/$/, '')}/${bucket}`
  const signal = () => AbortSignal.timeout(10_000)
  const found = await client.fetch(url, { method: 'HEAD', signal: signal() })
  if (found.ok) return
  const made = await client.fetch(url, { method: 'PUT', signal: signal() })
  const answer = await made.text()
  if (made.ok || answer.includes('BucketAlreadyOwnedByYou')) return
  throw new Error(`The store refused the bucket ${bucket}: ${made.status} ${answer.slice(0, 300)}`)
}

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const notificationOf = (arn: string) => `<NotificationConfiguration><QueueConfiguration>
  <Id>inbox</Id><Queue>${escapeXml(arn)}</Queue><Event>s3:ObjectCreated:*</Event>
  <Filter><S3Key><FilterRule><Name>prefix</Name><Value>inbox/</Value></FilterRule></S3Key></Filter>
</QueueConfiguration></NotificationConfiguration>`

/** Has the store tell `arn` of new objects in the inboxes, in place of whatever it was to tell before. */
export async function ensureEvents({ endpoint, bucket, ...key }: Bucket, arn: string) {
  const client = new AwsClient({ ...key, service: 's3', retries: 2 })
  const url = `${endpoint.replace(/\/$/, '')}/${bucket}?notification=`
  const answer = await client.fetch(url, {
    method: 'PUT',
    body: notificationOf(arn),
    signal: AbortSignal.timeout(10_000),
  })
  if (answer.ok) return
  const text = (await answer.text()).slice(0, 300)
  throw new Error(`The store does not tell of new objects: ${answer.status} ${text}`)
}
