import { type PushMessage, tellUser } from '#contracts/events.ts'
import type { AlbumListener } from '#db/queries/albums.ts'

export const tellMembers = (listeners: AlbumListener[]): PushMessage[] =>
  listeners.map(({ albumId, userId }) => tellUser(userId, 'on_album_update', albumId))
