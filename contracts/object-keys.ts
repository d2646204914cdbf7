import type { AssetId, UserId } from './ids.ts'

type Original = { ownerId: UserId; assetId: AssetId; extension: string }
type Derivative = { ownerId: UserId; id: AssetId; derivativesVersion: number }

/** `ab/cd`: spreads a user's objects over folders that people and S3 browsers can still list. */
const shard = (id: string) => `${id.slice(-4, -2)}/${id.slice(-2)}`

const derivative = (kind: string, extension: string) => (asset: Derivative) =>
  `thumbs/${asset.ownerId}/${shard(asset.id)}/${asset.id}-${asset.derivativesVersion}-${kind}${extension}`

/**
 * Where each object lies in the bucket. Keys come from ids and from extensions of the closed list in
 * `media-types.ts`, never from user text. A derivative's key carries the asset's derivatives version, so what a
 * key names never changes and may be cached for ever.
 */
export const objectKeys = {
  upload: ({ ownerId, assetId, extension }: Original) =>
    `upload/${ownerId}/${shard(assetId)}/${assetId}${extension}`,
  sidecar: ({ ownerId, assetId }: Omit<Original, 'extension'>) =>
    `upload/${ownerId}/${shard(assetId)}/${assetId}.xmp`,
  preview: derivative('preview', '.jpeg'),
  thumbnail: derivative('thumbnail', '.webp'),
}
