import type { Context } from 'hono'
import type { AssetMediaSize } from '#contracts/api/assets.ts'
import { AppError } from '#contracts/errors.ts'
import type { AssetId } from '#contracts/ids.ts'
import type { Permission } from '#contracts/permissions.ts'
import { type AssetBytes, findAssetBytes } from '#db/queries/assets.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from './asset-viewer.ts'
import { contentDisposition } from './content-disposition.ts'
import { sendObject } from './send-object.ts'

/** What browsers show by themselves; other originals have their preview shown in full size. */
const SHOWN_BY_BROWSERS = new Set([
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/svg+xml',
  'image/webp',
])

async function findBytes(c: Context<AppEnv>, assetId: AssetId, permission: Permission) {
  const { deps, viewer } = c.var
  const asset = await findAssetBytes(deps.db, { ...assetViewerOf(viewer), assetId })
  if (!asset) throw new AppError('no_access', `Not found or no ${permission} access`)
  return asset
}

const FOR_A_DAY = 'private, max-age=86400, no-transform'

/** Nothing of the locked folder stays in a browser's cache. Bytes at a derivative's key never change. */
function cacheControlFor({ isLocked }: AssetBytes, kind: 'original' | 'derivative'): string {
  if (isLocked) return 'private, no-store'
  const stale = 'stale-while-revalidate=2592000'
  return kind === 'derivative' ? `${FOR_A_DAY}, ${stale}, immutable` : FOR_A_DAY
}

const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const baseOf = (key: string) => key.slice(key.lastIndexOf('/') + 1)
const extensionOf = (key: string) => key.slice(key.lastIndexOf('.'))
const stemOf = (fileName: string) => fileName.replace(/\.[^.]*$/, '')

function sendDerivative(
  c: Context<AppEnv>,
  asset: AssetBytes,
  file: AssetBytes['files'][number],
): Promise<Response> {
  const { objectKey: key, sizeBytes, contentType } = file
  return sendObject(c, {
    key,
    sizeBytes,
    contentType,
    etag: `"${baseOf(key)}"`,
    cacheControl: cacheControlFor(asset, 'derivative'),
    disposition: contentDisposition('inline', stemOf(asset.originalFileName) + extensionOf(key)),
  })
}

function sendOriginal(
  c: Context<AppEnv>,
  asset: AssetBytes,
  kind: 'inline' | 'attachment',
): Promise<Response> {
  return sendObject(c, {
    key: asset.originalKey,
    sizeBytes: asset.sizeBytes,
    contentType: asset.originalMimeType,
    etag: `"${hexOf(asset.checksum)}"`,
    cacheControl: cacheControlFor(asset, 'original'),
    disposition: contentDisposition(kind, asset.originalFileName),
  })
}

/** Relative, as Immich's is: the clients keep their origin and whatever path stands before `/api`. */
function redirect(c: Context<AppEnv>, to: 'original' | AssetMediaSize): Response {
  const query = new URL(c.req.url).searchParams
  query.delete('size')
  if (to !== 'original') query.set('size', to)
  const path = to === 'original' ? 'original' : 'thumbnail'
  return c.redirect(query.size ? `${path}?${query}` : path, 302)
}

type Wanted = { assetId: AssetId; size: AssetMediaSize }

export async function sendThumbnail(
  c: Context<AppEnv>,
  { assetId, size }: Wanted,
): Promise<Response> {
  const asset = await findBytes(c, assetId, 'asset.view')
  if (size === 'original') return redirect(c, 'original')
  const file = asset.files.find(({ type }) => type === size)
  if (file) return await sendDerivative(c, asset, file)
  if (size === 'fullsize') {
    const isShown = SHOWN_BY_BROWSERS.has(asset.originalMimeType)
    return redirect(c, isShown ? 'original' : 'preview')
  }
  throw new AppError('not_found', asset.failureReason ?? 'Asset media not found')
}

/** As a download: whatever the bytes are, they never become a page of this site. */
export async function sendDownload(c: Context<AppEnv>, assetId: AssetId): Promise<Response> {
  return await sendOriginal(c, await findBytes(c, assetId, 'asset.download'), 'attachment')
}

export async function sendVideo(c: Context<AppEnv>, assetId: AssetId): Promise<Response> {
  const asset = await findBytes(c, assetId, 'asset.view')
  if (asset.type !== 'VIDEO') throw new AppError('bad_request', 'Asset is not a video')
  const encoded = asset.files.find(({ type }) => type === 'encoded_video')
  return encoded ? await sendDerivative(c, asset, encoded) : await sendOriginal(c, asset, 'inline')
}
