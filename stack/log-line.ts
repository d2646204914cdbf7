/** One line of a process's output as a JSON line: ours are that already, the stores' and workerd's are wrapped. */
export function toLogLine(processName: string, line: string, now = new Date()) {
  const parsed = line.startsWith('{') ? parse(line) : undefined
  if (parsed && 'msg' in parsed)
    return 'process' in parsed ? line : format(processName, now, parsed)
  if (parsed) {
    const { level, time, message, ...rest } = parsed
    return format(processName, now, { level: levelOf(String(level)), time, msg: message, ...rest })
  }
  return format(processName, now, { level: levelOf(line), msg: line })
}

const LONGEST_SHOWN = 300
/** Node's own words, Postgres', and workerd's for what a Worker threw. */
const TELLS_ERROR = /^(\w*[Ee]rror\b|FATAL|PANIC|service \w+: Uncaught )/

/** Of what a process said before it ended, the line that tells most: the last error, not the stack trace after it. */
export function lastWords(lines: string[]) {
  const said = lines.map((line) => {
    const entry = line.startsWith('{') ? parse(line) : undefined
    if (!entry) return { text: line.trim(), isError: TELLS_ERROR.test(line) }
    const { err, msg, message, level } = entry
    const detail = typeof err === 'object' && err && 'message' in err ? `: ${err.message}` : ''
    const text = `${msg ?? message ?? line}${detail}`
    return { text, isError: /error|fatal/i.test(String(level)) }
  })
  const telling = said.findLast(({ isError }) => isError) ?? said.at(-1)
  return telling?.text.slice(0, LONGEST_SHOWN) ?? ''
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function format(processName: string, now: Date, fields: Record<string, unknown>) {
  return JSON.stringify({ level: 'info', time: now.toISOString(), process: processName, ...fields })
}

/** From the words that Postgres, Valkey, MinIO and workerd use. */
function levelOf(text: string) {
  if (/\b(FATAL|PANIC)\b/.test(text)) return 'fatal'
  if (/\berror\b|\bERROR\b/i.test(text)) return 'error'
  if (/\bwarn(ing)?\b/i.test(text)) return 'warn'
  return 'info'
}
