import type { InboxCredentialsResponseDto } from '#contracts/api/inbox.ts'

export type Recipe = { key: string; label: string; steps: { title: string; code: string }[] }

/** Ready to paste: how common S3 tools are told about an inbox. */
export function recipesFor(keys: InboxCredentialsResponseDto): Recipe[] {
  return [rclone(keys), minioClient(keys), aws(keys)]
}

function rclone({
  endpoint,
  region,
  bucket,
  prefix,
  ...keys
}: InboxCredentialsResponseDto): Recipe {
  const config = [
    '[tintype]',
    'type = s3',
    'provider = Minio',
    `endpoint = ${endpoint}`,
    `region = ${region}`,
    `access_key_id = ${keys.accessKeyId}`,
    `secret_access_key = ${keys.secretAccessKey}`,
    `session_token = ${keys.sessionToken}`,
    // The keys see nothing of the bucket but the inbox.
    'no_check_bucket = true',
  ]
  const target = `tintype:${bucket}/${prefix}`
  return {
    key: 'rclone',
    label: 'rclone',
    steps: [
      { title: 'Into the file that “rclone config file” names', code: config.join('\n') },
      { title: 'Then copy a folder', code: `rclone copy --progress ./Pictures ${target}` },
    ],
  }
}

function minioClient({ endpoint, bucket, prefix, ...keys }: InboxCredentialsResponseDto): Recipe {
  const { protocol, host } = new URL(endpoint)
  const parts = [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken]
  const login = parts.map(encodeURIComponent).join(':')
  return {
    key: 'mc',
    label: 'MinIO client',
    steps: [
      {
        title: 'Once in the terminal',
        code: `export MC_HOST_tintype='${protocol}//${login}@${host}'`,
      },
      {
        title: 'Then copy a folder',
        code: `mc cp --recursive ./Pictures/ tintype/${bucket}/${prefix}`,
      },
    ],
  }
}

function aws({ endpoint, region, bucket, prefix, ...keys }: InboxCredentialsResponseDto): Recipe {
  const variables = [
    `export AWS_ACCESS_KEY_ID='${keys.accessKeyId}'`,
    `export AWS_SECRET_ACCESS_KEY='${keys.secretAccessKey}'`,
    `export AWS_SESSION_TOKEN='${keys.sessionToken}'`,
    `export AWS_DEFAULT_REGION='${region}'`,
    `export AWS_ENDPOINT_URL='${endpoint}'`,
  ]
  return {
    key: 'aws',
    label: 'AWS CLI',
    steps: [
      { title: 'Once in the terminal', code: variables.join('\n') },
      {
        title: 'Then copy a folder',
        code: `aws s3 cp --recursive ./Pictures s3://${bucket}/${prefix}`,
      },
    ],
  }
}
