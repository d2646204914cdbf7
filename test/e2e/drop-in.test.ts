import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'minio'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { type InboxCredentialsResponseDto, InboxResponseDto } from '#contracts/api/inbox.ts'
import { connectPg } from '#db/node.ts'
import { assets } from '#db/schema/tables.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { until } from '#test/helpers/until.ts'
import { startWholeStack } from '#test/helpers/whole-stack.ts'

const HAS_RCLONE = spawnSync('rclone', ['version']).status === 0
if (!HAS_RCLONE) console.warn('skipped: the tests with rclone, which is not installed')

const run = promisify(execFile)
const MIB = 1024 * 1024
const PATIENCE = { timeoutMs: 60_000 }
const stack = await startWholeStack()
const db = connectPg({ url: stack.variables.APP_DATABASE_URL ?? '', max: 1 })
atEndOfFile(async () => await db[Symbol.asyncDispose]())
const folder = await mkdtemp(join(tmpdir(), 'tintype-drop-'))
atEndOfFile(() => rm(folder, { recursive: true, force: true }))

let token = ''
let userId = ''
let keys: InboxCredentialsResponseDto
beforeAll(async () => {
  const account = { email: 'a@example.org', password: 'a long enough password', name: 'A' }
  await post('/api/auth/admin-sign-up', account)
  const login = await post('/api/auth/login', account)
  token = String(login.accessToken)
  userId = String(login.userId)
  keys = (await post('/api/inbox/credentials', { durationSeconds: 3600 })) as typeof keys
})

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(stack.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  expect(response.status, path).toBeLessThan(300)
  return (await response.json()) as Record<string, unknown>
}

const inbox = async () =>
  InboxResponseDto.parse(
    await (
      await fetch(`${stack.url}/api/inbox`, { headers: { authorization: `Bearer ${token}` } })
    ).json(),
  )

let count = 0
async function picture() {
  count += 1
  const width = 300 + count // neighbouring colours may give the same JPEG
  return await sharp({ create: { width, height: 200, channels: 3, background: '#6464c8' } })
    .jpeg()
    .toBuffer()
}

/** Larger than what a client sends in one request; a picture all the same. */
const largePicture = async (sizeBytes: number) =>
  Buffer.concat([await picture(), Buffer.alloc(sizeBytes, count)])

const listNames = async () =>
  (await db.select({ name: assets.originalFileName }).from(assets)).map(({ name }) => name).sort()

async function arrived(names: string[]) {
  await until(async () => {
    const present = await listNames()
    return names.every((name) => present.includes(name))
  }, PATIENCE)
}

/** What became an asset goes after some seconds. */
const emptied = () =>
  until(async () => {
    const { counts } = await inbox()
    const stored = await openMinio().listObjectsV2(keys.bucket, keys.prefix, true).toArray()
    return counts.waiting + counts.importing + stored.length === 0
  }, PATIENCE)

const findListed = async (name: string) => (await inbox()).objects.find((one) => one.name === name)

async function refused(name: string) {
  await until(async () => (await findListed(name))?.state === 'refused', PATIENCE)
}

function openMinio(key = keys) {
  const { hostname, port } = new URL(key.endpoint)
  return new Client({
    ...{ endPoint: hostname, port: Number(port), useSSL: false, region: key.region },
    ...{ accessKey: key.accessKeyId, secretKey: key.secretAccessKey },
    sessionToken: key.sessionToken,
  })
}

test('the endpoint is the way that the client itself took', () => {
  expect(keys).toMatchObject({ endpoint: stack.url, bucket: 'tintype', prefix: `inbox/${userId}/` })
})

describe('the minio client', () => {
  test('drops pictures through our own port, in one request and in parts', async () => {
    const client = openMinio()
    await client.putObject(keys.bucket, `${keys.prefix}trip/één 1.jpg`, await picture())
    client.partSize = 5 * MIB
    await client.putObject(keys.bucket, `${keys.prefix}large.jpg`, await largePicture(12 * MIB))

    await arrived(['één 1.jpg', 'large.jpg'])
  })

  test('reaches nothing else', async () => {
    const client = openMinio()
    const other = 'inbox/018f0000-0000-7000-8000-000000000000/a.jpg'

    await expect(client.putObject(keys.bucket, other, 'x')).rejects.toThrow(/denied/i)
    await expect(client.putObject(keys.bucket, 'upload/a.jpg', 'x')).rejects.toThrow(/denied/i)
    await expect(client.removeObject(keys.bucket, other)).rejects.toThrow(/denied/i)
    await expect(client.listObjectsV2(keys.bucket, '', true).toArray()).rejects.toThrow(/denied/i)
    await expect(client.getBucketPolicy(keys.bucket)).rejects.toThrow()
  })

  test('does not get at the store by a key that was tampered with', async () => {
    const client = openMinio({ ...keys, sessionToken: `${keys.sessionToken}x` })

    await expect(client.putObject(keys.bucket, `${keys.prefix}a.jpg`, 'x')).rejects.toThrow()
  })
})

describe.skipIf(!HAS_RCLONE)('rclone', () => {
  const environment = () => ({
    PATH: process.env.PATH,
    HOME: folder,
    RCLONE_CONFIG: join(folder, 'rclone.conf'),
    RCLONE_CONFIG_TINTYPE_TYPE: 's3',
    RCLONE_CONFIG_TINTYPE_PROVIDER: 'Minio',
    RCLONE_CONFIG_TINTYPE_ENDPOINT: keys.endpoint,
    RCLONE_CONFIG_TINTYPE_REGION: keys.region,
    RCLONE_CONFIG_TINTYPE_ACCESS_KEY_ID: keys.accessKeyId,
    RCLONE_CONFIG_TINTYPE_SECRET_ACCESS_KEY: keys.secretAccessKey,
    RCLONE_CONFIG_TINTYPE_SESSION_TOKEN: keys.sessionToken,
    RCLONE_CONFIG_TINTYPE_NO_CHECK_BUCKET: 'true',
  })
  const rclone = (...args: string[]) => run('rclone', args, { env: environment() })
  const remote = () => `tintype:${keys.bucket}/${keys.prefix}`

  test('copies a folder, in one request and in parts, and the files keep their times', async () => {
    const source = join(folder, 'pictures')
    await mkdir(join(source, 'صور 2024'), { recursive: true })
    const names = ['rclone 1.jpg', 'صور 2024/صورة.jpg', "it's + & 100% (2).jpg"]
    for (const name of names) await writeFile(join(source, name), await picture())
    await writeFile(join(source, 'rclone large.jpg'), await largePicture(20 * MIB))
    await run('touch', ['-d', '2019-05-04T12:00:00Z', join(source, 'rclone 1.jpg')])

    const flags = ['--s3-upload-cutoff', '8M', '--s3-chunk-size', '5M']
    // One try: a tool that looks for what it sent finds it.
    await rclone('copy', source, remote(), '--retries', '1', ...flags)

    await arrived(['rclone 1.jpg', 'صورة.jpg', "it's + & 100% (2).jpg", 'rclone large.jpg'])
    const [first] = (await db.select().from(assets)).filter(
      ({ originalFileName }) => originalFileName === 'rclone 1.jpg',
    )
    expect(first?.fileModifiedAt).toEqual(new Date('2019-05-04T12:00:00Z'))
  })

  test('sends the same folder once more, and nothing is there twice', async () => {
    await until(async () => (await inbox()).counts.importing === 0, PATIENCE)
    const before = await listNames()

    const again = ['--retries', '1', '--ignore-times', '--verbose']
    const { stderr } = await rclone('copy', join(folder, 'pictures'), remote(), ...again)
    await emptied()
    await until(async () => (await inbox()).objects.length === 0, PATIENCE)

    expect(stderr.match(/: Copied \(/g)).toHaveLength(4)
    expect(await listNames()).toEqual(before)
  })

  test('lists and removes what stays', async () => {
    await writeFile(join(folder, 'words.txt'), 'words')
    await rclone('copy', join(folder, 'words.txt'), remote())
    await refused('words.txt')

    const listed = await rclone('lsf', '-R', remote())
    await rclone('deletefile', `${remote()}words.txt`)

    expect(listed.stdout.split('\n').filter(Boolean)).toEqual(['words.txt'])
    expect((await rclone('lsf', '-R', remote())).stdout).toBe('')
  })

  test('reaches nothing else', async () => {
    const elsewhere = `tintype:${keys.bucket}/upload/`

    await expect(rclone('lsf', elsewhere)).rejects.toThrow(/denied|forbidden|403/i)
    await expect(
      rclone('copy', join(folder, 'words.txt'), elsewhere, '--retries', '1'),
    ).rejects.toThrow(/denied|forbidden|403/i)
  })
})

test('the minio client lists and removes what stays', async () => {
  await emptied()
  const client = openMinio()
  const name = `${keys.prefix}notes.txt`
  await client.putObject(keys.bucket, name, 'just words')
  await refused('notes.txt')

  const listed: string[] = []
  for await (const object of client.listObjectsV2(keys.bucket, keys.prefix, true))
    listed.push(object.name)
  await client.removeObject(keys.bucket, name)

  expect(listed).toEqual([name])
  await expect(client.statObject(keys.bucket, name)).rejects.toThrow()
})

test('the STS of the store cannot be reached from outside', async () => {
  const response = await fetch(stack.url, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sts/aws4_request',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'Action=AssumeRole&Version=2011-06-15',
  })

  expect(response.status).toBe(404)
})
