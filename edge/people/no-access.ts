import { AppError } from '#contracts/errors.ts'
import type { Permission } from '#contracts/permissions.ts'

/** Somebody else's looks as if it were not there. */
export const noAccess = (permission: Permission) =>
  new AppError('no_access', `Not found or no ${permission} access`)
