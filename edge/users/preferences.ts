import {
  DEFAULT_PREFERENCES,
  UserPreferencesResponseDto,
  type UserPreferencesUpdateDto,
} from '#contracts/api/user-preferences.ts'
import type { UserId } from '#contracts/ids.ts'
import { findUserMetadata, mergeUserMetadata } from '#db/queries/user-metadata.ts'
import { updateUser } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'

const scopeOf = (userId: UserId) => ({ viewerId: userId, key: 'preferences' }) as const

/** A stored section that no longer fits falls back to its defaults instead of locking its owner out. */
function withDefaults(changed: Record<string, unknown>): UserPreferencesResponseDto {
  const merged = Object.fromEntries(
    Object.entries(DEFAULT_PREFERENCES).map(([section, defaults]) => {
      const stored = changed[section]
      return [section, typeof stored === 'object' ? { ...defaults, ...stored } : defaults]
    }),
  )
  const parsed = UserPreferencesResponseDto.safeParse(merged)
  return parsed.success ? parsed.data : DEFAULT_PREFERENCES
}

export async function findPreferences({ db }: Deps, userId: UserId) {
  return withDefaults((await findUserMetadata(db, scopeOf(userId))) ?? {})
}

/** `avatar` is the user's own colour; it lies on the user. */
export async function updatePreferences(
  { db }: Deps,
  userId: UserId,
  { avatar, ...change }: UserPreferencesUpdateDto,
) {
  if (avatar?.color) await updateUser(db, { userId, change: { avatarColor: avatar.color } })
  return withDefaults(await mergeUserMetadata(db, { ...scopeOf(userId), change }))
}
