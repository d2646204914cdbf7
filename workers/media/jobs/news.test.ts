import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { tellAssets, tellUser } from '#contracts/events.ts'
import type { AssetId } from '#contracts/ids.ts'
import { assets } from '#db/schema/tables.ts'
import { makeJpeg } from '../../tools/test-media.suite.ts'
import { recordFailure } from '../record-failure.ts'
import { setupMedia } from '../setup.suite.ts'
import { handleDeleteAsset } from './delete-asset.ts'
import { handleExtractMetadata } from './extract-metadata.ts'
import { handleMakeThumbnails } from './make-thumbnails.ts'

const { deps, context, told, seedUser, seedAsset } = await setupMedia()

async function seed(width: number) {
  const owner = await seedUser()
  const assetId = await seedAsset({ owner, bytes: await makeJpeg({ width }), name: 'a.jpg' })
  return { owner, assetId }
}

const toldOf = (assetId: AssetId) =>
  told.filter((message) => JSON.stringify(message).includes(assetId))
const change = (assetId: AssetId, set: Partial<typeof assets.$inferInsert>) =>
  deps.db.update(assets).set(set).where(eq(assets.id, assetId))

test('the owner is told when the day of an asset is known and when its thumbnail is there', async () => {
  const { owner, assetId } = await seed(61)

  await handleExtractMetadata({ assetId }, deps, context)
  await handleMakeThumbnails({ assetId }, deps, context)

  expect(toldOf(assetId)).toEqual([
    tellAssets(owner, 'processing', [assetId]),
    tellAssets(owner, 'ready', [assetId]),
  ])
})

test('doing the same again is no new asset, and moving its thumbnails no news at all', async () => {
  const { owner, assetId } = await seed(62)
  await handleMakeThumbnails({ assetId }, deps, context)

  await handleExtractMetadata({ assetId }, deps, context)
  await handleMakeThumbnails({ assetId }, deps, context)
  await change(assetId, { derivativesVersion: 2 })
  await handleMakeThumbnails({ assetId }, deps, context)

  expect(toldOf(assetId).slice(1)).toEqual([
    tellAssets(owner, 'updated', [assetId]),
    tellAssets(owner, 'updated', [assetId]),
  ])
})

test('the owner is told of a failure, and of an asset that is gone for good', async () => {
  const { owner, assetId } = await seed(63)

  const failure = { job: 'make-thumbnails', payload: { assetId }, reason: 'Damaged.' } as const
  await recordFailure({ ...failure, kind: 'permanent' }, deps, context)
  await change(assetId, { status: 'deleted' })
  await handleDeleteAsset({ assetId }, deps, context)

  expect(toldOf(assetId)).toEqual([
    tellAssets(owner, 'failed', [assetId]),
    tellUser(owner, 'on_asset_delete', assetId),
  ])
})
