import { AwsV4Signer } from 'aws4fetch'
import type { StoreFetch, StoreSettings } from './edge.ts'
import { xmlText } from './s3-xml.ts'
import { StoreError } from './storage.ts'

export type TemporaryKey = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  expiresAt: Date
}

type Grant = { policy: object; durationSeconds: number }

const TIMEOUT_MS = 15_000

/**
 * S3's AssumeRole, asked of the store itself: a key that may do what the policy allows and expires. Stores that have
 * no such service at their endpoint (S3 itself, R2) refuse: StoreError.
 */
export async function assumeRole(
  settings: StoreSettings,
  fetch: StoreFetch,
  { policy, durationSeconds }: Grant,
): Promise<TemporaryKey> {
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    DurationSeconds: String(durationSeconds),
    Policy: JSON.stringify(policy),
  }).toString()
  const { accessKeyId, secretAccessKey, region, endpoint } = settings
  const signed = await new AwsV4Signer({
    ...{ accessKeyId, secretAccessKey, region, service: 'sts' },
    method: 'POST',
    url: new URL('/', endpoint).href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  }).sign()
  const answer = await fetch(signed.url.href, {
    method: 'POST',
    headers: signed.headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const xml = await answer.text()
  const [id, secret, token, expiration] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((tag) => xmlText(xml, tag))
  if (answer.ok && id && secret && token && expiration)
    return {
      accessKeyId: id,
      secretAccessKey: secret,
      sessionToken: token,
      expiresAt: new Date(expiration),
    }
  const code = xmlText(xml, 'Code') ?? `Status${answer.status}`
  throw new StoreError(`store: AssumeRole: ${code}`, { status: answer.status, code })
}

type Folder = { bucket: string; prefix: string }

/**
 * What S3 tools need to fill one folder and to look into it, and nothing else. MinIO lists the parts of a
 * multipart upload only to whom names its whole key, and takes `s3:prefix` with ListBucket alone.
 */
export function policyForFolder({ bucket, prefix }: Folder): object {
  const resource = `arn:aws:s3:::${bucket}`
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [
          's3:PutObject',
          's3:GetObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: [`${resource}/${prefix}*`],
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: [resource],
        Condition: { StringLike: { 's3:prefix': [`${prefix}*`] } },
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetBucketLocation', 's3:ListBucketMultipartUploads'],
        Resource: [resource],
      },
    ],
  }
}
