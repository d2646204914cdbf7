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
