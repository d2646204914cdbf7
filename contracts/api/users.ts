import { z } from 'zod'
import { UserId } from '../ids.ts'
import { wholeNumber } from './common.ts'

const PASSWORD_MIN = 8
/** Far beyond what a person types; keeps the hashing queue from being fed with megabytes. */
const PASSWORD_MAX = 1000

/** Hosts without a dot (`me@nas`) are fine, as in HTML's own email fields. */
export const Email = z.email({ pattern: z.regexes.html5Email }).max(254)
export const LowerCaseEmail = Email.transform((email) => email.toLowerCase())
export const GivenPassword = z.string().min(1).max(PASSWORD_MAX)
export const NewPassword = z.string().min(PASSWORD_MIN).max(PASSWORD_MAX)
export const PinCode = z.string().regex(/^\d{6}$/, 'must be six digits')
export const PersonName = z.string().trim().min(1).max(200)

export const UserParams = z.object({ id: UserId })

export const UserAvatarColor = z
  .enum(['primary', 'pink', 'red', 'yellow', 'blue', 'green', 'purple', 'orange', 'gray', 'amber'])
  .meta({ id: 'UserAvatarColor' })
export type UserAvatarColor = z.infer<typeof UserAvatarColor>

export const UserStatus = z.enum(['active', 'removing', 'deleted']).meta({ id: 'UserStatus' })

const LICENSE_KEY = /^IM(SV|CL)(-[\dA-Za-z]{4}){8}$/

export const LicenseKeyDto = z
  .object({ licenseKey: z.string().regex(LICENSE_KEY), activationKey: z.string() })
  .meta({ id: 'LicenseKeyDto' })

export const UserLicense = z
  .object({
    licenseKey: z.string().regex(LICENSE_KEY),
    activationKey: z.string(),
    activatedAt: z.iso.datetime(),
  })
  .meta({ id: 'UserLicense' })

export const LicenseResponseDto = z.object(UserLicense.shape).meta({ id: 'LicenseResponseDto' })

export const UserResponseDto = z
  .object({
    id: UserId,
    email: Email,
    name: z.string(),
    avatarColor: UserAvatarColor,
    profileImagePath: z.string(),
    profileChangedAt: z.iso.datetime(),
  })
  .meta({ id: 'UserResponseDto' })
export type UserResponseDto = z.infer<typeof UserResponseDto>

export const UserAdminResponseDto = UserResponseDto.extend({
  isAdmin: z.boolean(),
  shouldChangePassword: z.boolean(),
  status: UserStatus,
  storageLabel: z.string().nullable(),
  oauthId: z.string(),
  quotaSizeInBytes: wholeNumber.nullable(),
  quotaUsageInBytes: wholeNumber.nullable(),
  license: UserLicense.nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  deletedAt: z.iso.datetime().nullable(),
}).meta({ id: 'UserAdminResponseDto' })
export type UserAdminResponseDto = z.infer<typeof UserAdminResponseDto>

export const UserUpdateMeDto = z
  .object({
    email: LowerCaseEmail.optional(),
    name: PersonName.optional(),
    password: NewPassword.optional(),
    avatarColor: UserAvatarColor.nullable().optional(),
  })
  .meta({ id: 'UserUpdateMeDto' })
export type UserUpdateMeDto = z.infer<typeof UserUpdateMeDto>

export const OnboardingDto = z.object({ isOnboarded: z.boolean() }).meta({ id: 'OnboardingDto' })
export const OnboardingResponseDto = z
  .object({ isOnboarded: z.boolean() })
  .meta({ id: 'OnboardingResponseDto' })
