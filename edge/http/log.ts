import type { EdgeSettings } from '../bindings.ts'

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
type Level = keyof typeof LEVELS

type Write = (fields: Record<string, unknown>, message: string) => void
export type Log = Record<'debug' | 'info' | 'warn' | 'error', Write>

/** JSON lines in pino's form. Fields never carry tokens, query strings or signed URLs. */
export function logFor(settings: EdgeSettings, requestId: string): Log {
  const threshold = LEVELS[settings.LOG_LEVEL]
  const at =
    (level: Level): Write =>
    (fields, message) => {
      if (LEVELS[level] < threshold) return
      const line = { level: LEVELS[level], time: Date.now(), process: 'edge', requestId }
      console.log(JSON.stringify({ ...line, ...fields, msg: message }))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** What may be told about an error: names, codes and stack of it and its causes, not its parameters. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const code = 'code' in error ? { code: error.code } : {}
  // drizzle's message carries the query's parameters, which may be hashes and names.
  const message = error.message.replace(/\nparams:[\s\S]*$/, '')
  const stack = error.stack?.replace(/\nparams:[^\n]*/g, '').slice(0, 4000)
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  return { type: error.name, message, ...code, stack, ...cause }
}
