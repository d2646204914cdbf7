const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
type Level = (typeof LEVELS)[number]

type Write = (fields: Record<string, unknown>, message: string) => void
export type Log = Record<'debug' | 'info' | 'warn' | 'error', Write>

/** JSON lines as the Node processes write them. Fields never carry tokens, query strings or signed URLs. */
export function logFor(
  settings: { LOG_LEVEL: Level },
  requestId: string | undefined,
  process = 'edge',
): Log {
  const at =
    (level: Level): Write =>
    (fields, message) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(settings.LOG_LEVEL)) return
      const line = { level, time: new Date().toISOString(), process, requestId }
      console.log(JSON.stringify({ ...line, ...fields, msg: message }))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const MAX_STACK = 4000

/** drizzle puts a query's parameters into its message, libraries a URL with its signature. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\nparams:.*/g, '')
    .replace(/(x-amz-(?:signature|credential|security-token)=)[^&\s"']+/gi, '$1…')
    .replace(/((?:bearer|sessionKey=|apiKey=)\s*)[\w~+/.=-]+/gi, '$1…')
}

/** What may be told about an error and its causes. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(`${error}`) }
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    stack: withoutSecrets(error.stack ?? '').slice(0, MAX_STACK),
    ...('code' in error && { code: error.code }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  }
}
