import { z } from 'zod'
import { AssetOrder } from './assets.ts'
import { UserAvatarColor } from './users.ts'

const positive = z.number().int().min(1)
const GIB = 1024 ** 3

const sections = {
  albums: z.object({ defaultAssetOrder: AssetOrder }),
  cast: z.object({ gCastEnabled: z.boolean() }),
  download: z.object({ archiveSize: positive, includeEmbeddedVideos: z.boolean() }),
  emailNotifications: z.object({
    enabled: z.boolean(),
    albumInvite: z.boolean(),
    albumUpdate: z.boolean(),
  }),
  folders: z.object({ enabled: z.boolean(), sidebarWeb: z.boolean() }),
  memories: z.object({ enabled: z.boolean(), duration: positive }),
  people: z.object({
    enabled: z.boolean(),
    sidebarWeb: z.boolean(),
    minimumFaces: positive.optional(),
  }),
  purchase: z.object({ showSupportBadge: z.boolean(), hideBuyButtonUntil: z.string() }),
  ratings: z.object({ enabled: z.boolean() }),
  recentlyAdded: z.object({ sidebarWeb: z.boolean() }),
  sharedLinks: z.object({ enabled: z.boolean(), sidebarWeb: z.boolean() }),
  tags: z.object({ enabled: z.boolean(), sidebarWeb: z.boolean() }),
}

export const UserPreferencesResponseDto = z
  .object({
    albums: sections.albums.meta({ id: 'AlbumsResponse' }),
    cast: sections.cast.meta({ id: 'CastResponse' }),
    download: sections.download.meta({ id: 'DownloadResponse' }),
    emailNotifications: sections.emailNotifications.meta({ id: 'EmailNotificationsResponse' }),
    folders: sections.folders.meta({ id: 'FoldersResponse' }),
    memories: sections.memories.meta({ id: 'MemoriesResponse' }),
    people: sections.people.meta({ id: 'PeopleResponse' }),
    purchase: sections.purchase.meta({ id: 'PurchaseResponse' }),
    ratings: sections.ratings.meta({ id: 'RatingsResponse' }),
    recentlyAdded: sections.recentlyAdded.meta({ id: 'RecentlyAddedResponse' }),
    sharedLinks: sections.sharedLinks.meta({ id: 'SharedLinksResponse' }),
    tags: sections.tags.meta({ id: 'TagsResponse' }),
  })
  .meta({ id: 'UserPreferencesResponseDto' })
export type UserPreferencesResponseDto = z.infer<typeof UserPreferencesResponseDto>

export const UserPreferencesUpdateDto = z
  .object({
    albums: sections.albums.partial().meta({ id: 'AlbumsUpdate' }).optional(),
    avatar: z.object({ color: UserAvatarColor.optional() }).meta({ id: 'AvatarUpdate' }).optional(),
    cast: sections.cast.partial().meta({ id: 'CastUpdate' }).optional(),
    download: sections.download.partial().meta({ id: 'DownloadUpdate' }).optional(),
    emailNotifications: sections.emailNotifications
      .partial()
      .meta({ id: 'EmailNotificationsUpdate' })
      .optional(),
    folders: sections.folders.partial().meta({ id: 'FoldersUpdate' }).optional(),
    memories: sections.memories.partial().meta({ id: 'MemoriesUpdate' }).optional(),
    people: sections.people.partial().meta({ id: 'PeopleUpdate' }).optional(),
    purchase: sections.purchase.partial().meta({ id: 'PurchaseUpdate' }).optional(),
    ratings: sections.ratings.partial().meta({ id: 'RatingsUpdate' }).optional(),
    recentlyAdded: sections.recentlyAdded.partial().meta({ id: 'RecentlyAddedUpdate' }).optional(),
    sharedLinks: sections.sharedLinks.partial().meta({ id: 'SharedLinksUpdate' }).optional(),
    tags: sections.tags.partial().meta({ id: 'TagsUpdate' }).optional(),
  })
  .meta({ id: 'UserPreferencesUpdateDto' })
export type UserPreferencesUpdateDto = z.infer<typeof UserPreferencesUpdateDto>

/** Immich's; a row holds only what a person changed. */
export const DEFAULT_PREFERENCES: UserPreferencesResponseDto = {
  albums: { defaultAssetOrder: 'desc' },
  cast: { gCastEnabled: false },
  download: { archiveSize: 4 * GIB, includeEmbeddedVideos: false },
  emailNotifications: { enabled: true, albumInvite: true, albumUpdate: true },
  folders: { enabled: false, sidebarWeb: false },
  memories: { enabled: true, duration: 5 },
  people: { enabled: true, sidebarWeb: false, minimumFaces: 3 },
  purchase: { showSupportBadge: true, hideBuyButtonUntil: '2022-02-12T00:00:00.000Z' },
  ratings: { enabled: false },
  recentlyAdded: { sidebarWeb: false },
  sharedLinks: { enabled: true, sidebarWeb: false },
  tags: { enabled: false, sidebarWeb: false },
}
