import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { Client } from 'minio'
import sharp from 'sharp'
import { connectPg, type PgDb } from '#db/node.ts'
import { format, reportLine } from './report.ts'
import { runStack, signUp } from './run-stack.ts'

const FILES = 1000
/** As small as a picture that a phone sends to friends. */
const FILE_BYTES = 60_000
const IN_FLIGHT = 8
const LIMIT_MS = 10 * 60_000
const LOOK_EVERY_MS = 100

type Place = { bucket: string; prefix: string }

/**
 * How fast files that are put into an inbox become assets, against the least that has to happen to each: a plain loop
 * of the minio client that reads, hashes, copies and removes.
 */
export async function benchDropIn() {
  await using stack = await runStack()
  const token = await signUp(stack.url)
  await using db = connectPg({ url: stack.variables.APP_DATABASE_URL ?? '', max: 1 })
  const client = clientOf(stack.variables)
  const bucket = stack.variables.S3_BUCKET ?? ''
  const userId = await findOwnId(stack.url, token)
  const pictures = await makeSmallPictures(FILES)
  await delay(3000)

  const plain = await measurePlain(client, { bucket, prefix: 'bench-plain/' }, pictures)
  const startedAt = Date.now()
  await putAll(client, { bucket, prefix: `inbox/${userId}/` }, pictures)
  const putSeconds = (Date.now() - startedAt) / 1000
  await untilAssets(db, FILES)
  const seconds = (Date.now() - startedAt) / 1000

  reportLine(
    `${FILES} JPEGs of ${FILE_BYTES / 1000} kB put into an inbox after`,
    `${format(putSeconds)} s`,
  )
  reportLine('all of them assets after', `${format(seconds)} s`)
  reportLine('objects per second, from the first PUT to the last asset', format(FILES / seconds))
  reportLine(
    'objects per second, plain loop of PUT, GET, SHA-1, copy, DELETE',
    format(FILES / plain),
  )
  reportLine('drop-in / plain loop', format(plain / seconds))
}

function clientOf(variables: Record<string, string>) {
  const { hostname, port } = new URL(variables.S3_ENDPOINT ?? '')
  return new Client({
    ...{ endPoint: hostname, port: Number(port), useSSL: false },
    region: variables.S3_REGION ?? 'us-east-1',
    accessKey: variables.S3_ACCESS_KEY_ID ?? '',
    secretKey: variables.S3_SECRET_ACCESS_KEY ?? '',
  })
}

async function findOwnId(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/api/users/me`, { headers: { 'x-api-key': key } })
  return String(((await response.json()) as { id: string }).id)
}

/** One picture with another comment behind it each: what counts here is bytes, not pixels. */
async function makeSmallPictures(count: number): Promise<Buffer[]> {
  const base = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#468' } })
    .jpeg()
    .toBuffer()
  return Array.from({ length: count }, (_, index) => {
    const rest = Buffer.alloc(FILE_BYTES - base.length)
    rest.writeUInt32BE(index)
    return Buffer.concat([base, rest])
  })
}

async function inTurns<Item>(items: Item[], work: (item: Item, index: number) => Promise<unknown>) {
  let next = 0
  const lane = async () => {
    for (;;) {
      const index = next
      next += 1
      const item = items[index]
      if (item === undefined) return
      await work(item, index)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

async function putAll(client: Client, { bucket, prefix }: Place, pictures: Buffer[]) {
  await inTurns(pictures, (bytes, index) =>
    client.putObject(bucket, `${prefix}IMG_${index}.jpg`, bytes, bytes.length, {
      'content-type': 'image/jpeg',
    }),
  )
}

/** Seconds, the putting included. */
async function measurePlain(client: Client, place: Place, pictures: Buffer[]): Promise<number> {
  const startedAt = Date.now()
  await putAll(client, place, pictures)
  await inTurns(pictures, async (_, index) => {
    const { bucket, prefix } = place
    const key = `${prefix}IMG_${index}.jpg`
    const hash = createHash('sha1')
    for await (const chunk of await client.getObject(bucket, key)) hash.update(chunk)
    hash.digest()
    await client.copyObject(bucket, `bench-copies/${index}.jpg`, `/${bucket}/${key}`)
    await client.removeObject(bucket, key)
  })
  return (Date.now() - startedAt) / 1000
}

async function untilAssets(db: PgDb, count: number) {
  const until = Date.now() + LIMIT_MS
  for (;;) {
    const { rows } = await db.execute<{ count: string }>(sql`select count(*) as count from assets`)
    if (Number(rows[0]?.count) === count) return
    if (Date.now() > until) throw new Error(`only ${rows[0]?.count} of ${count} are assets`)
    await delay(LOOK_EVERY_MS)
  }
}
