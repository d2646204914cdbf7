/**
 * The closed list of what a caller can cause or act on, each with its one HTTP status.
 * `edge/http/errors.ts` alone turns them into responses, in the body Immich's clients read.
 */
export const ERROR_STATUS = {
  bad_request: 400,
  validation_failed: 400,
  no_access: 400,
  quota_exceeded: 400,
  checksum_mismatch: 400,
  unsupported_media: 400,
  not_authenticated: 401,
  wrong_credentials: 401,
  forbidden: 403,
  missing_permission: 403,
  cross_site: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  range_not_satisfiable: 416,
  too_many_requests: 429,
  busy: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterSeconds?: number },
  ) {
    super(message, options)
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }

  get status() {
    return ERROR_STATUS[this.code]
  }
}

/** A job that will never succeed for this file. `reason` is shown to the person who owns it. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'
}
