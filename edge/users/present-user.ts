import {
  type UserAdminResponseDto,
  UserAvatarColor,
  type UserResponseDto,
} from '#contracts/api/users.ts'
import type { User } from '#db/queries/users.ts'

const COLORS = UserAvatarColor.options

type Shown = Pick<
  User,
  'id' | 'email' | 'name' | 'avatarColor' | 'profileImageKey' | 'profileChangedAt'
>

/** The chosen colour, else one that the address decides, so that it is the same everywhere. */
function avatarColorOf({ avatarColor, email }: Shown): UserAvatarColor {
  const chosen = UserAvatarColor.safeParse(avatarColor)
  if (chosen.success) return chosen.data
  const sum = Array.from(email).reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0)
  return COLORS[sum % COLORS.length] ?? 'primary'
}

export function presentUser(user: Shown): UserResponseDto {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    avatarColor: avatarColorOf(user),
    profileImagePath: user.profileImageKey ?? '',
    profileChangedAt: user.profileChangedAt.toISOString(),
  }
}

export function presentUserAdmin(user: User): UserAdminResponseDto {
  return {
    ...presentUser(user),
    isAdmin: user.isAdmin,
    shouldChangePassword: user.shouldChangePassword,
    status: user.status,
    storageLabel: user.storageLabel,
    oauthId: user.oauthId,
    quotaSizeInBytes: user.quotaSizeBytes,
    quotaUsageInBytes: user.quotaUsageBytes,
    license: null,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
    deletedAt: user.deletedAt?.toISOString() ?? null,
  }
}
