import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { Client } from 'minio'
import { beforeAll, expect, test } from 'vitest'
import { type InboxCredentialsResponseDto, InboxResponseDto } from '#contracts/api/inbox.ts'
import { connectPg } from '#db/node.ts'
import { assets } from '#db/schema/tables.ts'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { dropFiles, launchChromium, logIn, openGallery } from '#test/helpers/gallery.ts'
import { createImmichCli } from '#test/helpers/immich-cli.ts'
import { makeMixedFiles } from '#test/helpers/mixed-files.ts'
import { until } from '#test/helpers/until.ts'
import { startWholeStack } from '#test/helpers/whole-stack.ts'

const ACCOUNT = { email: 'ada@example.org', password: 'a long enough password', name: 'Ada' }
const PATIENCE = { timeoutMs: 240_000 }

const root = await mkdtemp(join(tmpdir(), 'tintype-four-ways-'))
atEndOfFile(() => rm(root, { recursive: true, force: true }))
const folder = join(root, 'files')
await mkdir(folder)
const { files, sidecars } = await makeMixedFiles(folder)
const listed = (await readdir(folder, { recursive: true })).sort()
// Everything lies there from the start: the watch begins with the first sign-up.
const stack = await startWholeStack({}, ['--watch', folder, '--user', ACCOUNT.email])
const db = connectPg({ url: stack.variables.APP_DATABASE_URL ?? '', max: 2 })
atEndOfFile(async () => await db[Symbol.asyncDispose]())

let token = ''
beforeAll(async () => {
  await post('/api/auth/admin-sign-up', ACCOUNT)
  token = String((await post('/api/auth/login', ACCOUNT)).accessToken)
})

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(stack.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  expect(response.status, path).toBeLessThan(300)
  return (await response.json()) as Record<string, unknown>
}

async function byPage() {
  const browser = await launchChromium()
  const { page } = await openGallery(browser, { url: stack.url })
  await logIn(page, ACCOUNT)
  await dropFiles(page, [...files, ...sidecars])
  await page
    .getByRole('heading', { name: /(\d+ files? uploaded|already here)/ })
    .first()
    .waitFor({ timeout: PATIENCE.timeoutMs })
    .catch(async (cause: unknown) => {
      throw new Error(`the page says: ${await page.locator('body').ariaSnapshot()}`, { cause })
    })
  const failed = await page.getByText(/\d+ failed/).count()
  return { failed }
}

async function byCommandLine() {
  const { secret } = await post('/api/api-keys', { name: 'cli', permissions: ['all'] })
  const immich = createImmichCli(join(root, 'cli'))
  const login = await immich('login', `${stack.url}/api`, String(secret))
  const upload = await immich('upload', '--recursive', '--album-name', 'All of it', folder)
  return { codes: [login.code, upload.code], output: upload.output }
}

async function byBucket() {
  const keys = (await post('/api/inbox/credentials', {
    durationSeconds: 3600,
  })) as InboxCredentialsResponseDto
  const { hostname, port } = new URL(keys.endpoint)
  const client = new Client({
    ...{ endPoint: hostname, port: Number(port), useSSL: false, region: keys.region },
    ...{ accessKey: keys.accessKeyId, secretKey: keys.secretAccessKey },
    sessionToken: keys.sessionToken,
  })
  for (const path of [...sidecars, ...files]) {
    await client.fPutObject(keys.bucket, `${keys.prefix}${relative(folder, path)}`, path)
  }
  return async () => {
    const left: string[] = []
    for await (const { name } of client.listObjectsV2(keys.bucket, keys.prefix, true))
      left.push(name)
    return left
  }
}

const inbox = async () =>
  InboxResponseDto.parse(
    await (
      await fetch(`${stack.url}/api/inbox`, { headers: { authorization: `Bearer ${token}` } })
    ).json(),
  )

const watchHasSeenAll = () =>
  stack.lines
    .flatMap((line) => [...line.matchAll(/(\d+) files? uploaded|(\d+) already there/g)])
    .reduce((sum, [, added, known]) => sum + Number(added ?? known), 0) >= files.length

test('sixty files that come by page, command line, bucket and watched folder at once are each there once', async () => {
  const [page, commandLine, listInbox] = await Promise.all([byPage(), byCommandLine(), byBucket()])
  await until(async () => {
    const { counts } = await inbox()
    return counts.waiting + counts.importing === 0 && (await listInbox()).length === 0
  }, PATIENCE)
  await until(watchHasSeenAll, PATIENCE)

  expect(page).toEqual({ failed: 0 })
  expect(commandLine.codes).toEqual([0, 0])
  const rows = await db.select().from(assets)
  const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
  const sent = await Promise.all(files.map(async (path) => sha1(await readFile(path))))
  const arrived = rows.map(({ checksum }) => Buffer.from(checksum).toString('hex'))
  expect(arrived.sort()).toEqual(sent.sort())
  const names = rows.map(({ originalFileName }) => originalFileName.normalize('NFC'))
  expect(names.sort()).toEqual(files.map((path) => basename(path).normalize('NFC')).sort())

  await until(async () => {
    const open = await db.select().from(assets)
    return open.every(({ thumbnailedAt, failureReason }) => thumbnailedAt ?? failureReason)
  }, PATIENCE)
  const settled = await db.select().from(assets)
  expect(
    settled.flatMap(({ failureReason, originalFileName }) =>
      failureReason ? [[originalFileName, failureReason]] : [],
    ),
  ).toEqual([])
  const byName = new Map(settled.map((row) => [row.originalFileName, row]))
  expect(byName.get('live.jpg')?.livePhotoVideoId).toBe(byName.get('live.mov')?.id)
  expect(byName.get('live.mov')?.visibility).toBe('hidden')
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(listed)
})
