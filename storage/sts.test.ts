import { expect, test } from 'vitest'
import { createTestBucket } from '#test/helpers/bucket.ts'
import { createNodeStorage } from './node.ts'
import { assumeRole, policyForFolder } from './sts.ts'

const bucket = await createTestBucket()
const fetchStore = (url: string, init: RequestInit) => fetch(url, init)
const root = createNodeStorage(bucket)
const jpeg = { contentType: 'image/jpeg' }
const bytes = Buffer.from('bytes')

async function openFolder(prefix: string) {
  const policy = policyForFolder({ bucket: bucket.bucket, prefix })
  const key = await assumeRole(bucket, fetchStore, { policy, durationSeconds: 900 })
  return createNodeStorage({ ...bucket, ...key })
}

test('a temporary key fills, reads, lists and empties its folder', async () => {
  const storage = await openFolder('inbox/one/')

  await storage.put('inbox/one/a b.jpg', bytes, jpeg)
  const upload = await storage.createMultipart('inbox/one/large.mp4', jpeg)
  const part = await storage.uploadPart(upload, 1, bytes)
  expect(await storage.listParts(upload)).toHaveLength(1)
  expect(await storage.listMultiparts('inbox/one/large.mp4')).toHaveLength(1)
  await storage.completeMultipart(upload, [part])
  const { objects } = await storage.list('inbox/one/')
  await storage.delete(['inbox/one/large.mp4'])

  expect(objects.map(({ key }) => key)).toEqual(['inbox/one/a b.jpg', 'inbox/one/large.mp4'])
  expect((await storage.list('inbox/one/')).objects).toHaveLength(1)
})

test.each(['inbox/two/a.jpg', 'inbox/one.jpg', 'inbox/ones/a.jpg', 'upload/one/a.jpg', 'a.jpg'])(
  'a temporary key for another folder does not reach %s',
  async (key) => {
    await root.put(key, bytes, jpeg)
    const storage = await openFolder('inbox/one/')
    const denied = { status: 403 }

    await expect(storage.put(key, Buffer.from('other'), jpeg)).rejects.toMatchObject(denied)
    await expect(storage.delete([key])).rejects.toMatchObject(denied)
    await expect(storage.get(key)).rejects.toMatchObject(denied)
    await expect(storage.copy(key, 'inbox/one/stolen.jpg')).rejects.toMatchObject(denied)
    await expect(storage.list(key)).rejects.toMatchObject(denied)
    expect((await root.head(key))?.sizeBytes).toBe(bytes.length)
  },
)

test('a wrong key gets none', async () => {
  const settings = { ...bucket, secretAccessKey: 'not the secret' }
  const grant = { policy: policyForFolder({ bucket: 'b', prefix: 'p/' }), durationSeconds: 900 }

  await expect(assumeRole(settings, fetchStore, grant)).rejects.toMatchObject({
    name: 'StoreError',
  })
})
