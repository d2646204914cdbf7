import { beforeAll, describe, expect, test } from 'vitest'
import { InboxCredentialsResponseDto, InboxResponseDto } from '#contracts/api/inbox.ts'
import { noteInboxObjects } from '#db/queries/inbox-notes.ts'
import { inboxObjects, outbox } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { storeService } from '#test/helpers/store-service.ts'

const edge = await createTestEdge()
const root = createNodeStorage(edge.bucket)
const jpeg = { contentType: 'image/jpeg' }
let [alice, bob]: TestUser[] = []
beforeAll(async () => {
  alice = await edge.newUser()
  bob = await edge.newUser()
})
const user = (which: TestUser | undefined) => {
  if (!which) throw new Error('not there yet')
  return which
}

async function drop(owner: TestUser, name: string, reason?: string) {
  const objectKey = `inbox/${owner.id}/${name}`
  await root.put(objectKey, Buffer.from(name), jpeg)
  const object = {
    ownerId: owner.id,
    objectKey,
    etag: (await root.head(objectKey))?.etag.replaceAll('"', '') ?? '',
    sizeBytes: name.length,
    lastModified: new Date(0),
  }
  await noteInboxObjects(edge.db, { objects: [object], requestId: null })
  if (reason) {
    const { eq } = await import('drizzle-orm')
    await edge.db
      .update(inboxObjects)
      .set({ state: 'refused', reason })
      .where(eq(inboxObjects.objectKey, objectKey))
  }
  return objectKey
}

const inboxOf = async (who: TestUser, query = '') =>
  InboxResponseDto.parse(await (await edge.as(who).get(`/api/inbox${query}`)).json())

describe('the inbox', () => {
  test('says where it is', async () => {
    const inbox = await inboxOf(user(alice))

    expect(inbox).toMatchObject({
      endpoint: edge.bucket.endpoint,
      region: 'us-east-1',
      bucket: edge.bucket.bucket,
      prefix: `inbox/${user(alice).id}/`,
      credentials: { isAvailable: true, reason: null },
      nextCursor: null,
    })
  })

  test('lists what waits and what is refused, page by page, to its owner alone', async () => {
    const owner = await edge.newUser()
    for (const name of ['a.jpg', 'b/c.jpg', 'd.jpg']) await drop(owner, name)
    await drop(owner, 'z.txt', 'no picture')

    const first = await inboxOf(owner, '?limit=3')
    const second = await inboxOf(
      owner,
      `?limit=3&cursor=${encodeURIComponent(first.nextCursor ?? '')}`,
    )

    expect(first.counts).toEqual({ waiting: 3, importing: 0, refused: 1 })
    expect([...first.objects, ...second.objects].map(({ name }) => name)).toEqual([
      'z.txt',
      'a.jpg',
      'b/c.jpg',
      'd.jpg',
    ])
    expect(first.objects[0]).toMatchObject({ state: 'refused', reason: 'no picture' })
    expect(second.nextCursor).toBeNull()
    expect((await inboxOf(user(bob))).objects).toEqual([])
  })

  test('lets its owner, and nobody else, remove objects', async () => {
    const key = await drop(user(alice), 'remove.txt', 'no picture')

    const foreign = await edge.as(user(bob)).delete('/api/inbox/objects', { keys: [key] })
    const afterForeign = await root.head(key)
    const own = await edge.as(user(alice)).delete('/api/inbox/objects', { keys: [key, 'upload/x'] })

    expect([foreign.status, own.status]).toEqual([204, 204])
    expect(afterForeign).toBeDefined()
    expect(await root.head(key)).toBeUndefined()
    expect((await inboxOf(user(alice))).objects.map((object) => object.key)).not.toContain(key)
  })

  test('keeps what was replaced since it was listed, and has it looked at', async () => {
    const owner = await edge.newUser()
    const key = await drop(owner, 'replaced.jpg', 'The file is empty.')
    const gone = await drop(owner, 'gone.jpg', 'The file is empty.')
    await root.put(key, Buffer.from('the whole file'), jpeg)
    await edge.db.delete(outbox)

    const answer = await edge.as(owner).delete('/api/inbox/objects', { keys: [key, gone] })

    expect(answer.status).toBe(204)
    expect((await root.head(key))?.sizeBytes).toBe(14)
    expect(await root.head(gone)).toBeUndefined()
    expect((await inboxOf(owner)).objects).toMatchObject([{ key, state: 'waiting' }])
    expect(await edge.db.select().from(outbox)).toMatchObject([{ payload: { objectKey: key } }])
  })

  test('has refused ones looked at again', async () => {
    const key = await drop(user(alice), 'retry.txt', 'no picture')
    await edge.db.delete(outbox)

    await edge.as(user(bob)).post('/api/inbox/retry', { keys: [key] })
    const afterForeign = await edge.db.select().from(outbox)
    await edge.as(user(alice)).post('/api/inbox/retry', { keys: [key] })

    expect(afterForeign).toEqual([])
    expect(await edge.db.select().from(outbox)).toMatchObject([
      { name: 'import-inbox-object', payload: { ownerId: user(alice).id, objectKey: key } },
    ])
    expect((await inboxOf(user(alice))).objects).toMatchObject([{ key, state: 'waiting' }])
  })
})

describe('credentials', () => {
  async function open(who: TestUser) {
    const response = await edge.as(who).post('/api/inbox/credentials', { durationSeconds: 900 })
    expect(response.status).toBe(201)
    return InboxCredentialsResponseDto.parse(await response.json())
  }

  test('reach the own inbox and no other', async () => {
    const keys = await open(user(alice))
    const storage = createNodeStorage({ ...keys, endpoint: edge.bucket.endpoint })

    await storage.put(`inbox/${user(alice).id}/own.jpg`, Buffer.from('x'), jpeg)
    const foreign = storage.put(`inbox/${user(bob).id}/foreign.jpg`, Buffer.from('x'), jpeg)

    await expect(foreign).rejects.toMatchObject({ status: 403 })
    await expect(storage.list(`inbox/${user(bob).id}/`)).rejects.toMatchObject({ status: 403 })
    await expect(storage.list('')).rejects.toMatchObject({ status: 403 })
    await expect(storage.get('upload/x')).rejects.toMatchObject({ status: 403 })
    expect(new Date(keys.expiresAt).getTime() - Date.now()).toBeLessThanOrEqual(901_000)
  })

  test.each([60, 8 * 24 * 3600, 1.5, '900'])(
    'for %j seconds are refused',
    async (durationSeconds) => {
      const response = await edge
        .as(user(alice))
        .post('/api/inbox/credentials', { durationSeconds })

      expect(response.status).toBe(400)
    },
  )

  test('cannot be had from a store without STS, and it says so', async () => {
    const withoutSts = {
      fetch: async (url: Request | string, init?: RequestInit) =>
        String(url instanceof Request ? url.url : url).endsWith('/')
          ? new Response('<Error><Code>MethodNotAllowed</Code></Error>', { status: 405 })
          : await storeService(edge.bucket.endpoint).fetch(url, init),
    }
    const endpoint = 'http://store-without-sts.invalid'
    const other = await createTestEdge({ STORE: withoutSts as never, S3_ENDPOINT: endpoint })

    const inbox = await other.as(other.admin).get('/api/inbox')
    const response = await other.as(other.admin).post('/api/inbox/credentials', {})

    expect((await inbox.json()).credentials).toMatchObject({
      isAvailable: false,
      reason: expect.stringContaining('cannot make keys'),
    })
    expect(response.status).toBe(409)
    expect((await response.json()).message).toContain('cannot make keys')
  })
})
