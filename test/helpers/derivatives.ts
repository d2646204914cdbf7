import { eq } from 'drizzle-orm'
import type { AssetId, UserId } from '#contracts/ids.ts'
import { objectKeys } from '#contracts/object-keys.ts'
import { writeDerivatives } from '#db/queries/asset-work.ts'
import { assets } from '#db/schema/tables.ts'
import { createNodeStorage } from '#storage/node.ts'
import type { TestEdge } from './edge.ts'

/** Gives an asset the rows and objects that the media worker would. What the bytes show does not matter here. */
export async function seedDerivatives(
  edge: TestEdge,
  { ownerId, assetId: id }: { ownerId: UserId; assetId: AssetId },
): Promise<{ preview: Buffer; thumbnail: Buffer }> {
  const storage = createNodeStorage(edge.bucket)
  const [row] = await edge.db.select().from(assets).where(eq(assets.id, id))
  const versioned = { ownerId, id, derivativesVersion: row?.derivativesVersion ?? 1 }
  const bytes = {
    preview: Buffer.from(`preview of ${id}`),
    thumbnail: Buffer.from(`thumbnail of ${id}`),
  }
  const files = [
    {
      type: 'preview' as const,
      objectKey: objectKeys.preview(versioned),
      contentType: 'image/jpeg',
    },
    {
      type: 'thumbnail' as const,
      objectKey: objectKeys.thumbnail(versioned),
      contentType: 'image/webp',
    },
  ]
  for (const { type, objectKey, contentType } of files) {
    await storage.put(objectKey, bytes[type], { contentType })
  }
  await writeDerivatives(edge.db, {
    assetId: id,
    derivativesVersion: versioned.derivativesVersion,
    files: files.map((file) => ({
      ...file,
      sizeBytes: bytes[file.type].length,
      width: 4,
      height: 3,
    })),
    thumbhash: Uint8Array.from([1, 2, 3]),
    size: { width: 4, height: 3 },
    thumbnailedAt: new Date(),
    jobs: [],
    requestId: null,
  })
  storage.close()
  return bytes
}
