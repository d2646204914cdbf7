import type { AssetBulkUploadCheckResult } from '#contracts/api/assets.ts'
import { Sha1 } from '#contracts/checksum.ts'
import type { UserId } from '#contracts/ids.ts'
import { type ExistingAsset, listAssetsByChecksum } from '#db/queries/assets.ts'
import type { Deps } from '../deps.ts'

type Item = { id: string; checksum: string }

const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function verdictOn(id: string, asset: ExistingAsset | undefined): AssetBulkUploadCheckResult {
  if (!asset) return { id, action: 'accept' }
  const { id: assetId, isTrashed } = asset
  return { id, action: 'reject', reason: 'duplicate', assetId, isTrashed }
}

/** Tells a client which of its files are here already. What is no checksum is no duplicate. */
export async function checkBulkUpload(
  { db }: Deps,
  viewerId: UserId,
  items: Item[],
): Promise<AssetBulkUploadCheckResult[]> {
  const hexes = items.map(({ checksum }) => {
    const parsed = Sha1.safeParse(checksum)
    return parsed.success ? hexOf(parsed.data) : undefined
  })
  const checksumsHex = [...new Set(hexes)].filter((hex) => hex !== undefined)
  const known = await listAssetsByChecksum(db, { viewerId, checksumsHex })
  return items.map(({ id }, index) => verdictOn(id, known.get(hexes[index] ?? '')))
}
