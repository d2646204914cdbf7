import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { SearchResponseDto } from '#contracts/api/search.ts'
import type { AssetId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import {
  activateSpace,
  findActiveSpace,
  openSpace,
  writeClipVectors,
} from '#db/queries/vector-spaces.ts'
import { hasVectors } from '#db/queries/vectors.ts'
import { assetExif, assetModelRuns, assets, systemMetadata } from '#db/schema/tables.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { assetRow } from '#test/helpers/seed.ts'

const GPU_SECRET = 'the secret of the stand-in'

/** Words and pictures point along the same axes; a picture has a little of everything else. */
const AXES: Record<string, number> = { dog: 0, cat: 1, sea: 2, hill: 3 }
const axisOf = (text: string) => AXES[text] ?? 7

type Asked = { authorization: string | undefined; text: string; language?: string; model: string }
const asked: Asked[] = []
let refusal: { status: number; body: unknown } | undefined

const NARROW = 96
const WIDE = 128

/** A stand-in for the gpu worker: it knows two models, of different dimensions. */
const gpu = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    asked.push({ authorization: request.headers.authorization, ...body })
    const dimension = body.model === 'wide' ? WIDE : NARROW
    const embedding = Array.from({ length: dimension }, (_, at) => Number(at === axisOf(body.text)))
    response.writeHead(refusal?.status ?? 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(refusal?.body ?? { model: body.model, dimension, embedding }))
  })
})
await new Promise<void>((resolve) => gpu.listen(0, '127.0.0.1', resolve))
afterAll(() => void gpu.close())
const { port } = gpu.address() as AddressInfo
const edge = await createTestEdge({ GPU_URL: `http://127.0.0.1:${port}`, GPU_SECRET })

const isAble = await hasVectors(edge.db)
if (!isAble) console.log('skipped: the database has neither VectorChord nor pgvector')

let state = 1
// A test draws the same numbers whatever ran before it.
beforeEach(() => {
  state = 1
})
function uniform() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}
/** Near enough to a normal distribution. */
const normal = () => uniform() + uniform() + uniform() + uniform() - 2

/** As models make them: unrelated pictures are nearly at right angles to a word, those that show it at 50 degrees. */
function picture(subject: string | undefined, dimension = NARROW, share = 0.85): Float32Array {
  const vector = Float32Array.from({ length: dimension }, normal)
  if (subject) vector[axisOf(subject)] = Math.hypot(...vector) * share
  return vector
}

async function seedPictures(
  owner: TestUser,
  subjects: (string | undefined)[],
  fields: Parameters<typeof assetRow>[1] = {},
  share?: number,
): Promise<AssetId[]> {
  const rows = subjects.map(() => assetRow(owner.id, { thumbnailedAt: new Date(), ...fields }))
  await edge.db.insert(assets).values(rows)
  await edge.db.insert(assetExif).values(rows.map(({ id }) => ({ assetId: id })))
  const space = await openSpace(edge.db, { kind: 'clip', model: 'narrow', dimension: NARROW })
  const vectors = rows.map(({ id }, at) => ({
    assetId: id,
    embedding: picture(subjects[at], NARROW, share),
  }))
  await writeClipVectors(edge.db, { spaceId: space.id, rows: vectors })
  return rows.map(({ id }) => id)
}

async function search(user: TestUser, dto: Record<string, unknown>) {
  const response = await edge.as(user).post('/api/search/smart', dto)
  expect([response.status, response.status === 200 ? '' : await response.text()]).toEqual([200, ''])
  return SearchResponseDto.parse(await response.json()).assets
}
const find = async (user: TestUser, dto: Record<string, unknown>) =>
  (await search(user, dto)).items.map(({ id }) => id)

const times = (count: number, subject?: string) => Array.from({ length: count }, () => subject)

describe.skipIf(!isAble)('search by words', () => {
  test('finds the pictures that show it, and no others', async () => {
    const user = await edge.newUser()
    const dogs = await seedPictures(user, times(3, 'dog'))
    await seedPictures(user, [...times(2, 'cat'), ...times(60)])

    const found = await find(user, { query: 'dog', language: 'en' })

    expect(found.sort()).toEqual(dogs.sort())
  })

  test('finds few pictures or none when nothing shows it, rather than all', async () => {
    const user = await edge.newUser()
    await seedPictures(user, times(300))

    const found = await find(user, { query: 'sea' })

    expect(found.length).toBeLessThanOrEqual(15)
  })

  test('finds the better part of a small library, the best first', async () => {
    const user = await edge.newUser()
    const [dog, cat] = await seedPictures(user, ['dog', 'cat', undefined, undefined])

    const found = await find(user, { query: 'cat' })

    expect(found[0]).toBe(cat)
    expect(found).not.toContain(dog)
  })

  test('finds what half of the library shows', async () => {
    const user = await edge.newUser()
    const hills = await seedPictures(user, times(60, 'hill'))
    await seedPictures(user, times(60))

    const found = await find(user, { query: 'hill', size: 1000 })

    expect(found.sort()).toEqual(hills.sort())
  })

  test('keeps to the filters, and to what the viewer may see', async () => {
    const [user, other] = [await edge.newUser(), await edge.newUser()]
    await seedPictures(user, times(40))
    const [favourite] = await seedPictures(user, ['dog'], { isFavorite: true })
    const [plain] = await seedPictures(user, ['dog'])
    await seedPictures(user, ['dog'], { visibility: 'hidden' })
    await seedPictures(user, ['dog'], { visibility: 'locked' })
    await seedPictures(user, ['dog'], { status: 'trashed', trashedAt: new Date() })
    await seedPictures(other, ['dog'])

    expect((await find(user, { query: 'dog' })).sort()).toEqual([favourite, plain].sort())
    expect(await find(user, { query: 'dog', isFavorite: true })).toEqual([favourite])
    expect(await find(user, { query: 'dog', make: 'Canon' })).toEqual([])
    const locked = await edge
      .as(user)
      .post('/api/search/smart', { query: 'dog', visibility: 'locked' })
    expect(locked.status).toBe(401)
  })

  test('pages by number and by cursor through the same ranking', async () => {
    const user = await edge.newUser()
    await seedPictures(user, [...times(5, 'cat'), ...times(40)])
    const whole = await find(user, { query: 'cat' })

    const first = await search(user, { query: 'cat', size: 2 })
    const second = await search(user, { query: 'cat', size: 2, page: 2 })
    const third = await search(user, { query: 'cat', size: 2, page: 3 })
    await seedPictures(user, ['cat'])
    const next = await search(user, { query: 'cat', size: 1000, cursor: first.nextCursor })

    expect([first.nextPage, second.nextPage, third.nextPage]).toEqual(['2', '3', null])
    expect([first, second, third].flatMap((page) => page.items.map(({ id }) => id))).toEqual(whole)
    const ids = next.items.map(({ id }) => id)
    expect(ids.filter((id) => whole.includes(id))).toEqual(whole.slice(2))
    expect(next.nextCursor).toBe(null)
  })

  test('finds what looks like a given picture, of those that the viewer may see', async () => {
    const [user, other] = [await edge.newUser(), await edge.newUser()]
    const [model, like] = await seedPictures(user, ['sea', 'sea', ...times(40)])
    const query = async (id: unknown) =>
      await edge.as(user).post('/api/search/smart', { queryAssetId: id })

    expect((await find(user, { queryAssetId: model })).sort()).toEqual([model, like].sort())
    const [foreign] = await seedPictures(other, ['sea'])
    const unseen = assetRow(user.id)
    await edge.db.insert(assets).values(unseen)
    expect([await query(foreign), await query(newId())].map(({ status }) => status)).toEqual([
      400, 400,
    ])
    expect(await (await query(unseen.id)).json()).toEqual({
      message: expect.stringContaining('No model has looked'),
    })
  })

  test('asks the gpu worker once for the same words', async () => {
    const user = await edge.newUser()
    await seedPictures(user, times(3))
    asked.length = 0

    await search(user, { query: ' a red kite ', language: 'en' })
    await search(user, { query: 'a red kite', language: 'en' })
    await search(user, { query: 'a red kite', language: 'de' })

    expect(asked).toEqual([
      {
        authorization: `Bearer ${GPU_SECRET}`,
        text: 'a red kite',
        language: 'en',
        model: 'narrow',
      },
      {
        authorization: `Bearer ${GPU_SECRET}`,
        text: 'a red kite',
        language: 'de',
        model: 'narrow',
      },
    ])
  })

  test.each([
    [
      { status: 503, body: { message: 'the model is being fetched' } },
      /the model is being fetched/,
    ],
    [{ status: 500, body: { message: 'a secret' } }, /worker is away/],
    [{ status: 200, body: '<html>' }, /worker is away/],
    [{ status: 200, body: { dimension: NARROW, embedding: [null] } }, /worker is away/],
  ])('says why it cannot when the worker answers %j', async (answer, message) => {
    const user = await edge.newUser()
    await seedPictures(user, times(3))
    refusal = answer

    const response = await edge.as(user).post('/api/search/smart', { query: `${message} ${state}` })
    refusal = undefined

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toEqual({ message: expect.stringMatching(message) })
  })

  test.each([[{}], [{ query: '  ' }], [{ query: 'dog', cursor: 'bad' }]])(
    'refuses %j with a reason',
    async (dto) => {
      const response = await edge.as(edge.admin).post('/api/search/smart', dto)

      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ message: expect.any(String) })
    },
  )

  test('goes on by cursor where it stopped, however many come in front, and whatever goes', async () => {
    const user = await edge.newUser()
    await seedPictures(user, [...times(9, 'hill'), ...times(60)])
    const whole = await find(user, { query: 'hill' })
    const first = await search(user, { query: 'hill', size: 4 })
    const seen = first.items.map(({ id }) => id)
    // Nearer than all of them, more than a page has room for; and the last one that was shown goes.
    await seedPictures(user, times(70, 'hill'), {}, 3)
    await edge.db.delete(assets).where(eq(assets.id, seen[3] as AssetId))

    const second = await search(user, { query: 'hill', size: 4, cursor: first.nextCursor })
    const third = await search(user, { query: 'hill', cursor: second.nextCursor })

    const later = [...second.items, ...third.items].map(({ id }) => id)
    expect([...seen, ...later]).toEqual(whole)
    expect([second.items.length, third.nextCursor]).toEqual([4, null])
  })

  test.each([
    'собака',
    '狗',
    'كلب',
    '🐕‍🦺🏳️‍🌈',
    '\ud83d',
    "'; drop table assets; --",
    '%_\\',
    'a b '.repeat(1250),
  ])('takes %.20j for words like others', async (query) => {
    const user = await edge.newUser()
    await seedPictures(user, times(3))
    asked.length = 0

    await search(user, { query })

    expect(asked.map(({ text }) => text)).toEqual([query.trim()])
  })

  test('has pages of 1 to 1000', async () => {
    const user = await edge.newUser()
    await seedPictures(user, times(3, 'dog'))
    const statusOf = async (dto: object) =>
      (await edge.as(user).post('/api/search/smart', { query: 'dog', ...dto })).status

    expect((await search(user, { query: 'dog', size: 1 })).items).toHaveLength(1)
    expect(await search(user, { query: 'dog', page: Number.MAX_SAFE_INTEGER })).toMatchObject({
      items: [],
      nextPage: null,
    })
    for (const size of [0, 1001, 1.5, -1]) expect(await statusOf({ size })).toBe(400)
    expect([await statusOf({ size: 1000 }), await statusOf({ page: 0 })]).toEqual([200, 400])
  })
})

// Last: they change what the whole server does.
describe.skipIf(!isAble)('the server', () => {
  test('goes on with the old model until the new one has seen every asset', async () => {
    const user = await edge.newUser()
    const [dog] = await seedPictures(user, ['dog', ...times(30)])
    const seas = await seedPictures(user, times(4, 'sea'))
    const wide = await openSpace(edge.db, { kind: 'clip', model: 'wide', dimension: WIDE })
    const firstPage = await search(user, { query: 'sea', size: 2 })

    const during = await find(user, { query: 'dog' })
    const all = await edge.db.select({ id: assets.id }).from(assets)
    await writeClipVectors(edge.db, {
      spaceId: wide.id,
      rows: all.map(({ id }) => ({
        assetId: id,
        embedding: picture(id === dog ? 'dog' : seas.includes(id) ? 'sea' : undefined, WIDE),
      })),
    })
    await edge.db
      .insert(assetModelRuns)
      .values(all.map(({ id }) => ({ assetId: id, spaceId: wide.id })))
    const hasChanged = await activateSpace(edge.db, { spaceId: wide.id })
    const after = await find(user, { query: 'dog' })
    const secondPage = await find(user, { query: 'sea', cursor: firstPage.nextCursor })

    expect(secondPage).toHaveLength(2)
    expect(seas).toEqual(expect.arrayContaining(secondPage))
    expect([hasChanged, during, after]).toEqual([true, [dog], [dog]])
    expect(asked.at(-1)?.model).toBe('wide')
    expect((await findActiveSpace(edge.db, 'clip'))?.model).toBe('wide')
  })

  test('says that smart search is off when it is', async () => {
    const value = { machineLearning: { clip: { enabled: false } } }
    await edge.db.insert(systemMetadata).values({ key: 'system-config', value })

    const response = await edge.as(edge.admin).post('/api/search/smart', { query: 'dog' })
    const features = await (await edge.anonymous.get('/api/server/features')).json()

    expect([response.status, await response.json()]).toEqual([
      400,
      { message: 'Smart search is not enabled' },
    ])
    expect(features).toMatchObject({ search: true, smartSearch: false, facialRecognition: true })
    await edge.db.delete(systemMetadata).where(eq(systemMetadata.key, 'system-config'))
  })

  test('says why it cannot before a model has looked at anything', async () => {
    await edge.db.execute(sql`delete from vector_spaces`)
    const ask = async (dto: Record<string, unknown>) => {
      const response = await edge.as(edge.admin).post('/api/search/smart', dto)
      return [response.status, await response.json()]
    }

    refusal = { status: 503, body: { message: 'The model has to be agreed to' } }
    const [words, picture] = [await ask({ query: 'puma' }), await ask({ queryAssetId: newId() })]
    refusal = undefined
    const later = await ask({ query: 'puma' })

    const answer = (reason: string) => [
      503,
      { message: `Search by words is not available: ${reason}` },
    ]
    expect([words, picture]).toEqual(Array(2).fill(answer('The model has to be agreed to')))
    expect(asked.at(-1)?.model).toBe('ViT-B-32__openai')
    expect(later).toEqual(answer('no model has looked at any picture yet'))
  })
})
