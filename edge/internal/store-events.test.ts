import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import type { UserId } from '#contracts/ids.ts'
import { inboxObjects, outbox } from '#db/schema/tables.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { storeEventRoutes } from './store-events.ts'

const edge = await createTestEdge()
const SECRET = 'a secret of the store'
const settings = { ...edge.env.settings, STORE_EVENTS_SECRET: SECRET }
const app = new Hono().route('/store-events', storeEventRoutes)
const user = await edge.newUser()

const send = (body: unknown, secret = SECRET) =>
  app.request(
    '/store-events',
    {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
    { settings },
  )

/** As MinIO sends it. */
const eventOf = (key: string, change: { bucket?: string; eventName?: string } = {}) => ({
  EventName: 's3:ObjectCreated:Put',
  Key: `${edge.bucket.bucket}/${key}`,
  Records: [
    {
      eventVersion: '2.0',
      eventName: change.eventName ?? 's3:ObjectCreated:Put',
      eventTime: '2026-11-21T11:59:51.098Z',
      s3: {
        bucket: { name: change.bucket ?? edge.bucket.bucket },
        object: { key, size: 4, eTag: 'e2fc714c4727ee9395f324cd2e7f331f', sequencer: '18' },
      },
    },
  ],
})
const keyOf = (name: string, owner: string = user.id) => `inbox%2F${owner}%2F${name}`
const listJobs = () => edge.db.select().from(outbox)

afterEach(async () => {
  await edge.db.delete(outbox)
  await edge.db.delete(inboxObjects)
})

test('an event leaves one job, however often it comes', async () => {
  const statuses = [await send(eventOf(keyOf('a.jpg'))), await send(eventOf(keyOf('a.jpg')))]

  expect(statuses.map(({ status }) => status)).toEqual([204, 204])
  expect(await listJobs()).toMatchObject([
    {
      name: 'import-inbox-object',
      queue: 'library',
      payload: { ownerId: user.id, objectKey: `inbox/${user.id}/a.jpg` },
      dedupeKey: `import-inbox-object:inbox/${user.id}/a.jpg`,
      requestId: expect.any(String),
    },
  ])
  expect(await edge.db.select().from(inboxObjects)).toMatchObject([
    { objectKey: `inbox/${user.id}/a.jpg`, state: 'waiting', sizeBytes: 4 },
  ])
})

test.each([
  ['IMG+1%2B%C3%9F.jpg', 'IMG 1+ß.jpg'],
  ['100%2525.jpg', '100%25.jpg'],
  ['a%2Fb.jpg', 'a/b.jpg'],
  ['..%2F..%2Fx.jpg', '../../x.jpg'],
])('the key %s is decoded once', async (encoded, name) => {
  await send(eventOf(keyOf(encoded)))

  expect((await listJobs())[0]?.payload).toEqual({
    ownerId: user.id,
    objectKey: `inbox/${user.id}/${name}`,
  })
})

test.each([
  ['another prefix', eventOf(`upload%2F${user.id}%2Fa.jpg`), 400],
  ['no folder', eventOf('inbox%2Fa.jpg'), 400],
  ['the folder itself', eventOf(`inbox%2F${user.id}%2F`), 400],
  ['a user that is none', eventOf('inbox%2Fadmin%2Fa.jpg'), 400],
  ['a way out of the folder', eventOf('inbox%2F..%2Fupload%2Fa.jpg'), 400],
  ['an odd encoding', eventOf(keyOf('%E0%A4%A.jpg')), 400],
  ['a zero byte', eventOf(keyOf('a%00.jpg')), 400],
  ['an endless key', eventOf(keyOf('n'.repeat(1100))), 400],
  ['another bucket', eventOf(keyOf('a.jpg'), { bucket: 'another' }), 400],
  ['an unknown user', eventOf(keyOf('a.jpg', '018f0000-0000-7000-8000-000000000000')), 404],
  ['no records', { Key: 'x' }, 400],
  ['no JSON', 'inbox', 400],
  ['too many bytes', ' '.repeat(1024 * 1024 + 1), 413],
])('an event with %s is refused', async (_, event, status) => {
  const response = await send(event)

  expect(response.status).toBe(status)
  expect(await response.json()).toHaveProperty('message')
  expect(await listJobs()).toEqual([])
})

test('an event with another secret is refused', async () => {
  expect((await send(eventOf(keyOf('a.jpg')), 'guessed')).status).toBe(401)
  expect(await listJobs()).toEqual([])
})

test('other events than of new objects are heard and forgotten', async () => {
  const response = await send(eventOf(keyOf('a.jpg'), { eventName: 's3:ObjectRemoved:Delete' }))

  expect(response.status).toBe(204)
  expect(await listJobs()).toEqual([])
})

test('an event about a file that is known to be there changes nothing but rings', async () => {
  const objectKey = `inbox/${user.id}/a.jpg`
  await send(eventOf(keyOf('a.jpg')))
  await edge.db.update(inboxObjects).set({ state: 'refused', reason: 'no picture', etag: 'other' })
  await edge.db.delete(outbox)

  await send(eventOf(keyOf('a.jpg')))

  expect(await listJobs()).toMatchObject([{ payload: { ownerId: user.id as UserId, objectKey } }])
  expect(await edge.db.select().from(inboxObjects)).toMatchObject([{ etag: 'other' }])
})
