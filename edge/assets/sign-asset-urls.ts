import type { Context } from 'hono'
import type { AssetUrlsResponseDto } from '#contracts/api/uploads.ts'
import type { AssetId } from '#contracts/ids.ts'
import { listDerivativeKeys } from '#db/queries/assets.ts'
import type { AppEnv } from '../app-env.ts'
import { publicPresigner } from '../uploads/public-store.ts'

const HOUR_MS = 60 * 60 * 1000
/** All URLs of one such span are equal, so that a browser finds in its cache what it had before. */
const SPAN_MS = 4 * HOUR_MS
const EXPIRES_IN_MS = 2 * SPAN_MS

type Wanted = { ids: AssetId[]; size: 'thumbnail' | 'preview' }

/** Signed URLs by which the gallery fetches tiles from the store itself. Never for locked assets. */
export async function signAssetUrls(
  c: Context<AppEnv>,
  { ids, size }: Wanted,
): Promise<AssetUrlsResponseDto> {
  const { deps, viewerId } = c.var
  const signedAt = new Date(Math.floor(deps.clock().getTime() / SPAN_MS) * SPAN_MS)
  const presigner = publicPresigner(c, { signedAt, expiresInSeconds: EXPIRES_IN_MS / 1000 })
  const keys = await listDerivativeKeys(deps.db, { viewerId, assetIds: ids, type: size })
  const cacheControl = 'private, max-age=31536000, immutable'
  const urls = await Promise.all(
    keys.map(async ({ assetId, objectKey }) => [
      assetId,
      await presigner.presignGet(objectKey, { cacheControl }),
    ]),
  )
  const expiresAt = new Date(signedAt.getTime() + EXPIRES_IN_MS).toISOString()
  return { urls: Object.fromEntries(urls), expiresAt }
}
