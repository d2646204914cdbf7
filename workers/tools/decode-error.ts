/** These bytes cannot be decoded by the tool that tried; another one may. */
export class DecodeError extends Error {
  override readonly name: string = 'DecodeError'
}

/** The decoder died or hit one of its limits: the fault may lie with the file or with a full machine. */
export class DecoderDiedError extends Error {
  override readonly name = 'DecoderDiedError'
}

export class TooManyPixelsError extends DecodeError {
  override readonly name = 'TooManyPixelsError'
  readonly megapixels: number

  constructor(megapixels: number) {
    super(`${Math.round(megapixels)} megapixels are more than the limit`)
    this.megapixels = megapixels
  }
}
