import { expect, test } from 'vitest'
import { listInbox } from '#db/queries/inbox.ts'
import { noteInboxObjects } from '#db/queries/inbox-notes.ts'
import { makeJpeg } from '../tools/test-media.suite.ts'
import { recordFailure } from './record-failure.ts'
import { setupMedia } from './setup.suite.ts'

const { deps, context, seedUser, seedAsset, findAsset, listJobs } = await setupMedia()

async function seed() {
  return await seedAsset({ owner: await seedUser(), bytes: await makeJpeg(), name: 'a.jpg' })
}

test('a permanent failure stands on the asset in its own words', async () => {
  const assetId = await seed()
  const failure = {
    job: 'make-thumbnails',
    payload: { assetId },
    reason: 'The file is empty.',
  } as const

  expect(await recordFailure({ ...failure, kind: 'permanent' }, deps, context)).toBe(true)

  expect((await findAsset(assetId))?.failureReason).toBe('The file is empty.')
})

test('an error that nobody understands is not shown to the owner as it is', async () => {
  const assetId = await seed()
  const failure = { job: 'make-thumbnails', payload: { assetId }, reason: 'EIO at 0x7f' } as const

  await recordFailure({ ...failure, kind: 'exhausted' }, deps, context)

  expect((await findAsset(assetId))?.failureReason).toContain('tried several times')
})

test('what stops the reading of metadata does not stop the picture', async () => {
  const assetId = await seed()
  const failure = { job: 'extract-metadata', payload: { assetId }, reason: 'odd' } as const

  expect(await recordFailure({ ...failure, kind: 'exhausted' }, deps, context)).toBe(false)

  expect((await listJobs(assetId)).map(({ name }) => name)).toContain('make-thumbnails')
  expect((await findAsset(assetId))?.failureReason).toBeNull()
})

test('a dropped object whose import was tried often enough stays, and its owner reads so', async () => {
  const ownerId = await seedUser()
  const payload = { ownerId, objectKey: `inbox/${ownerId}/a.jpg` }
  const object = { ...payload, etag: 'x', sizeBytes: 1, lastModified: new Date() }
  await noteInboxObjects(deps.db, { objects: [object], requestId: null })
  const failure = { job: 'import-inbox-object', payload, reason: 'EIO at 0x7f' } as const

  expect(await recordFailure({ ...failure, kind: 'exhausted' }, deps, context)).toBe(true)

  const [row] = await listInbox(deps.db, { viewerId: ownerId, after: undefined, limit: 10 })
  expect(row).toMatchObject({ state: 'refused', reason: expect.stringContaining('several times') })
})

test('failures of other jobs stay where jobs are looked at', async () => {
  const failure = { job: 'sweep-uploads', payload: {}, kind: 'exhausted', reason: 'odd' } as const

  expect(await recordFailure(failure, deps, context)).toBe(false)
})
