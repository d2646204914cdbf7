/** The way to the server failed: nothing is known of what arrived. Worth trying again. */
export class NetworkError extends Error {
  readonly name = 'NetworkError'
}

/** The file cannot be read, or is no longer the file that was hashed. */
export class SourceError extends Error {
  readonly name = 'SourceError'
}

/** The server answered with an error status. */
export class ApiError extends Error {
  readonly name = 'ApiError'
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: { status: number; retryAfterMs?: number | undefined }) {
    super(message)
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}

/** The file will not go up as it is; the message is for the person. */
export class UploadFailure extends Error {
  readonly name = 'UploadFailure'
  readonly canRetry: boolean
  /** The server has looked at the bytes and does not want them. */
  readonly isVerdict: boolean

  constructor(
    message: string,
    options: { canRetry: boolean; isVerdict?: boolean; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.canRetry = options.canRetry
    this.isVerdict = options.isVerdict ?? false
  }
}
