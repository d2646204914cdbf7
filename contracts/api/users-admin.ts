import { z } from 'zod'
import { UserId } from '../ids.ts'
import { queryBoolean, wholeNumber } from './common.ts'
import { LowerCaseEmail, NewPassword, PersonName, PinCode, UserAvatarColor } from './users.ts'

/** Becomes part of paths under the storage template, so it keeps to what every store and shell takes. */
const StorageLabel = z
  .string()
  .max(64)
  .transform((label) => label.replace(/[^\w-]/g, '') || null)

const optionalFields = {
  avatarColor: UserAvatarColor.nullable().optional(),
  isAdmin: z.boolean().optional(),
  pinCode: PinCode.nullable().optional(),
  quotaSizeInBytes: wholeNumber.nullable().optional(),
  shouldChangePassword: z.boolean().optional(),
  storageLabel: StorageLabel.nullable().optional(),
}

export const UserAdminCreateDto = z
  .object({
    email: LowerCaseEmail,
    name: PersonName,
    password: NewPassword,
    notify: z.boolean().optional(),
    ...optionalFields,
  })
  .meta({ id: 'UserAdminCreateDto' })
export type UserAdminCreateDto = z.infer<typeof UserAdminCreateDto>

export const UserAdminUpdateDto = z
  .object({
    email: LowerCaseEmail.optional(),
    name: PersonName.optional(),
    password: NewPassword.optional(),
    ...optionalFields,
  })
  .meta({ id: 'UserAdminUpdateDto' })
export type UserAdminUpdateDto = z.infer<typeof UserAdminUpdateDto>

export const UserAdminDeleteDto = z
  .object({ force: z.boolean().optional() })
  .meta({ id: 'UserAdminDeleteDto' })

export const UserAdminSearchQuery = z.object({
  id: UserId.optional(),
  withDeleted: queryBoolean.optional(),
})
