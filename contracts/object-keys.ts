import { type AssetId, type FaceId, type PersonId, UserId } from './ids.ts'

type Original = { ownerId: UserId; assetId: AssetId; extension: string }
type PersonCover = {
  ownerId: UserId
  personId: PersonId
  faceId: FaceId
  derivativesVersion: number
}
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
  /** Another face, or another version of what it was cut from, has another key. */
  person: ({ ownerId, personId, faceId, derivativesVersion }: PersonCover) =>
    `thumbs/${ownerId}/${shard(personId)}/${personId}-${faceId}-${derivativesVersion}-person.jpeg`,
}

/** Under it the edge tries what the store can do. */
export const PROBES = '.probe/'

/** What people drop here becomes assets: `inbox/<userId>/` and behind it whatever they like. */
export const INBOX = 'inbox/'
export const inboxPrefixOf = (ownerId: UserId) => `${INBOX}${ownerId}/`

const INBOX_KEY = /^inbox\/([0-9a-f-]{36})\/[^\0]+$/

/** Whose inbox a key lies in; undefined for every other key. */
export function ownerOfInboxKey(key: string): UserId | undefined {
  const owner = UserId.safeParse(INBOX_KEY.exec(key)?.[1])
  return owner.success ? owner.data : undefined
}
