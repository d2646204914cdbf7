import { type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino'

export type Log = Logger

type Options = { process: string; level: string }

const SECRETS = [
  /(x-amz-(?:signature|credential|security-token)=)[^&\s"']+/gi,
  /(bearer\s+)[\w~+/.=-]+/gi,
  /(\/\/[^:/\s@]*:)[^@\s]+(?=@)/g,
]

/** JSON lines on stdout. Errors lose signatures, tokens and passwords that libraries put into their messages. */
export function createLog({ process, level }: Options): Log {
  return pino({
    level,
    base: { process },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: serializeError },
  })
}

export function withoutSecrets(text: string): string {
  return SECRETS.reduce((clean, secret) => clean.replace(secret, '$1…'), text)
}

function serializeError(error: Error) {
  const { type, message, stack } = stdSerializers.err(error)
  return {
    type,
    message: withoutSecrets(message ?? ''),
    stack: withoutSecrets(stack ?? ''),
    ...('code' in error && { code: error.code }),
  }
}
