import { AppError } from '#contracts/errors.ts'
import { violates } from '#db/database-error.ts'

/** Runs a write and puts into words what the unique indexes of `users` refuse. */
export async function refusingTaken<Result>(emailTaken: string, write: Promise<Result>) {
  try {
    return await write
  } catch (cause) {
    if (violates(cause, 'users_email_key')) {
      throw new AppError('bad_request', emailTaken, { cause })
    }
    if (violates(cause, 'users_storage_label_key')) {
      throw new AppError('bad_request', 'Storage label already in use by another account', {
        cause,
      })
    }
    throw cause
  }
}
