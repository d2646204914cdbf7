import { z } from 'zod'
import type { AssetResponseDto } from './api/assets.ts'
import type { ServerVersionResponseDto } from './api/server.ts'
import type { SyncAssetExifV1, SyncAssetV2 } from './api/sync.ts'
import { ApiKeyId, AssetId, type PersonId, SessionId, UserId } from './ids.ts'

/**
 * Realtime: what the Hub tells browsers and apps, and how the other processes ask it to.
 *
 * [Note: Telling what happened] After the write, one line with a message made here:
 *
 *     edge:     deps.push([tellUser(ownerId, 'on_person_thumbnail', personId)])
 *     workers:  deps.pusher.push([tellAssets(ownerId, 'ready', [assetId])])
 *
 * Neither waits, neither throws. A message that gets lost is harmless, since clients ask again when they connect:
 * nothing may depend on its arrival. Whoever the event is for must be allowed to see what is in it. For assets
 * send `tellAssets` with ids: the Hub reads them under the receiver's own access, never a locked one, and only when
 * somebody listens, so that thousands of them cost an import nothing.
 */

/** Names and arguments as Immich's clients know them, and below those of our own gallery. */
export type ServerEvents = {
  on_server_version: [version: ServerVersionResponseDto]
  on_config_update: []
  /** The thumbnail exists from here on. */
  on_upload_success: [asset: AssetResponseDto]
  /** The same for Immich's apps, which write it straight into their own database. */
  AssetUploadReadyV2: [ready: { asset: SyncAssetV2; exif: SyncAssetExifV1 }]
  on_asset_update: [asset: AssetResponseDto]
  on_asset_trash: [assetIds: AssetId[]]
  on_asset_restore: [assetIds: AssetId[]]
  on_asset_delete: [assetId: AssetId]
  on_asset_hidden: [assetId: AssetId]
  on_person_thumbnail: [personId: PersonId]
  on_album_update: [albumId: string]
  on_user_delete: [userId: UserId]
  on_session_delete: [sessionId: SessionId]
  /** Its metadata was read, so its day is known; its thumbnail is on the way. */
  on_asset_processing: [asset: { id: AssetId; localDateTime: string }]
  /** There will be no thumbnail; why, in words for the owner. */
  on_asset_failed: [asset: { id: AssetId; localDateTime: string; reason: string }]
  /** So much changed at once that one had better ask anew. */
  on_timeline_change: []
}
export type EventName = keyof ServerEvents

const PushedEvent = z.strictObject({
  userId: z.union([UserId, z.literal('all')]),
  /** Only that session of the user. */
  sessionId: SessionId.optional(),
  name: z.string().min(1),
  args: z.array(z.unknown()),
})

export const ASSETS_PER_MESSAGE = 500

const AssetNews = z.strictObject({
  userId: UserId,
  news: z.enum(['processing', 'ready', 'updated', 'failed']),
  assetIds: z.array(AssetId).max(ASSETS_PER_MESSAGE),
})
export type AssetNews = z.infer<typeof AssetNews>

/** Ends connections whose proof does not hold any more. */
const Cut = z.strictObject({
  userId: UserId,
  cut: z.union([
    z.literal('all'),
    z.strictObject({ sessionId: SessionId }),
    z.strictObject({ sessionsExcept: SessionId.nullable() }),
    z.strictObject({ apiKeyId: ApiKeyId }),
  ]),
})
export type Cut = z.infer<typeof Cut>

export const PushMessage = z.union([PushedEvent, AssetNews, Cut])
export type PushMessage = z.infer<typeof PushMessage>

/** `POST /push` of the Hub. */
export const PushDto = z.strictObject({ events: z.array(PushMessage).max(5000) })

export function tellUser<Name extends EventName>(
  userId: UserId,
  name: Name,
  ...args: ServerEvents[Name]
): PushMessage {
  return { userId, name, args }
}

export function tellEverybody<Name extends EventName>(
  name: Name,
  ...args: ServerEvents[Name]
): PushMessage {
  return { userId: 'all', name, args }
}

/** Long lists in parts, so that no message is large. */
export function tellIds(
  userId: UserId,
  name: 'on_asset_trash' | 'on_asset_restore',
  assetIds: AssetId[],
): PushMessage[] {
  const parts = Math.ceil(assetIds.length / ASSETS_PER_MESSAGE)
  return Array.from({ length: parts }, (_, part) =>
    tellUser(
      userId,
      name,
      assetIds.slice(part * ASSETS_PER_MESSAGE, (part + 1) * ASSETS_PER_MESSAGE),
    ),
  )
}

/**
 * What happened to these assets of this user. Each becomes an event with what the row then says; more than one
 * message holds becomes `on_timeline_change`.
 */
export function tellAssets(
  userId: UserId,
  news: AssetNews['news'],
  assetIds: AssetId[],
): PushMessage {
  if (assetIds.length > ASSETS_PER_MESSAGE) return tellUser(userId, 'on_timeline_change')
  return { userId, news, assetIds }
}

/** The event first, so that a page knows why it is being disconnected. */
export function endSession(userId: UserId, sessionId: SessionId): PushMessage[] {
  return [
    { userId, sessionId, name: 'on_session_delete', args: [sessionId] },
    { userId, cut: { sessionId } },
  ]
}

/** Of all sessions but one; `null` spares none. API keys stay. */
export function endSessions(userId: UserId, except: SessionId | undefined): PushMessage {
  return { userId, cut: { sessionsExcept: except ?? null } }
}

export function endApiKey(userId: UserId, apiKeyId: ApiKeyId): PushMessage {
  return { userId, cut: { apiKeyId } }
}

/** Everything of the user: the account is gone. */
export function endUser(userId: UserId): PushMessage {
  return { userId, cut: 'all' }
}
