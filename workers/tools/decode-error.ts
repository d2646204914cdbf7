/** These bytes cannot be decoded by the tool that tried; another one may. */
export class DecodeError extends Error {
  readonly name = 'DecodeError'
}

/** The decoder died or hit one of its limits: the fault may lie with the file or with a full machine. */
export class DecoderDiedError extends Error {
  readonly name = 'DecoderDiedError'
}
