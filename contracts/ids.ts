import { z } from 'zod'

/** Every id is a UUIDv7 made by the process that first names the thing, so that a repeated write is harmless. */
export const UserId = z.uuid().brand<'UserId'>()
export type UserId = z.infer<typeof UserId>

export const AssetId = z.uuid().brand<'AssetId'>()
export type AssetId = z.infer<typeof AssetId>

export const UploadId = z.uuid().brand<'UploadId'>()
export type UploadId = z.infer<typeof UploadId>

export const SessionId = z.uuid().brand<'SessionId'>()
export type SessionId = z.infer<typeof SessionId>

export const ApiKeyId = z.uuid().brand<'ApiKeyId'>()
export type ApiKeyId = z.infer<typeof ApiKeyId>

export const PersonId = z.uuid().brand<'PersonId'>()
export type PersonId = z.infer<typeof PersonId>

export const FaceId = z.uuid().brand<'FaceId'>()
export type FaceId = z.infer<typeof FaceId>

export const AlbumId = z.uuid().brand<'AlbumId'>()
export type AlbumId = z.infer<typeof AlbumId>
