import { z } from 'zod'
import { AlbumId, AssetId, UserId } from '../ids.ts'
import { AssetOrder } from './assets.ts'
import { BulkIdErrorReason, queryBoolean, wholeNumber } from './common.ts'
import { UserResponseDto } from './users.ts'

export const AlbumUserRole = z.enum(['editor', 'owner', 'viewer']).meta({ id: 'AlbumUserRole' })
export type AlbumUserRole = z.infer<typeof AlbumUserRole>

const AlbumUserResponseDto = z
  .object({ role: AlbumUserRole, user: UserResponseDto })
  .meta({ id: 'AlbumUserResponseDto' })

const instant = z.iso.datetime()

export const AlbumResponseDto = z
  .object({
    id: AlbumId,
    albumName: z.string(),
    description: z.string(),
    albumThumbnailAssetId: AssetId.nullable(),
    /** The owner comes first, then who asks. */
    albumUsers: z.array(AlbumUserResponseDto),
    /** What of it the viewer sees; trashed, hidden and locked assets do not count. */
    assetCount: wholeNumber,
    startDate: instant.optional(),
    endDate: instant.optional(),
    lastModifiedAssetTimestamp: instant.optional(),
    order: AssetOrder,
    isActivityEnabled: z.boolean(),
    shared: z.boolean(),
    hasSharedLink: z.boolean(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'AlbumResponseDto' })
export type AlbumResponseDto = z.infer<typeof AlbumResponseDto>

export const AlbumParams = z.object({ id: AlbumId })

export const AlbumsQuery = z.object({
  id: AlbumId.optional(),
  assetId: AssetId.optional(),
  name: z.string().max(1000).optional(),
  isOwned: queryBoolean.optional(),
  isShared: queryBoolean.optional(),
})

export const AlbumQuery = z.object({ key: z.string().optional(), slug: z.string().optional() })

const MAX_IDS = 100_000
/** Postgres stores no NUL. */
const storable = z.string().regex(/^[^\0]*$/, 'must have no NUL')
const albumName = storable.max(1000)
const description = storable.max(100_000)
const assetIds = z.array(AssetId).max(MAX_IDS)

export const CreateAlbumDto = z
  .object({
    albumName,
    description: description.optional(),
    assetIds: assetIds.optional(),
    albumUsers: z
      .array(z.object({ userId: UserId, role: AlbumUserRole }).meta({ id: 'AlbumUserCreateDto' }))
      .optional(),
  })
  .meta({ id: 'CreateAlbumDto' })
export type CreateAlbumDto = z.infer<typeof CreateAlbumDto>

export const UpdateAlbumDto = z
  .object({
    albumName: albumName.optional(),
    description: description.optional(),
    albumThumbnailAssetId: AssetId.optional(),
    isActivityEnabled: z.boolean().optional(),
    order: AssetOrder.optional(),
  })
  .meta({ id: 'UpdateAlbumDto' })
export type UpdateAlbumDto = z.infer<typeof UpdateAlbumDto>

/** Each asset goes into each album: so many at once that their product stays payable. */
const MAX_ALBUMS = 1000

export const AlbumsAddAssetsDto = z
  .object({ albumIds: z.array(AlbumId).max(MAX_ALBUMS), assetIds })
  .meta({ id: 'AlbumsAddAssetsDto' })

export const AlbumsAddAssetsResponseDto = z
  .object({ success: z.boolean(), error: BulkIdErrorReason.optional() })
  .meta({ id: 'AlbumsAddAssetsResponseDto' })
export type AlbumsAddAssetsResponseDto = z.infer<typeof AlbumsAddAssetsResponseDto>

export const AlbumStatisticsResponseDto = z
  .object({ owned: wholeNumber, shared: wholeNumber, notShared: wholeNumber })
  .meta({ id: 'AlbumStatisticsResponseDto' })
export type AlbumStatisticsResponseDto = z.infer<typeof AlbumStatisticsResponseDto>
