// Ends with 0 when the process of this container answers that it is well: `node deploy/healthcheck.mjs gateway`.
import { statSync } from 'node:fs'

const [name = ''] = process.argv.slice(2)
const { env } = process
const prefix = name.toUpperCase()

const internal = () => [
  `http://127.0.0.1:${env[`${prefix}_PORT`]}/health`,
  { authorization: `Bearer ${env[`${prefix}_SECRET`]}` },
]
const questions = {
  edge: () => [`http://127.0.0.1:${env.PORT ?? 2283}/api/server/ping`, {}],
  gateway: internal,
  dispatcher: internal,
  media: internal,
  gpu: internal,
  hub: internal,
  minio: () => ['http://127.0.0.1:9000/minio/health/ready', {}],
}

/** Processes that nobody asks anything say so by writing a file. */
const signs = {
  watch: `${env.WATCH_STATE}/alive`,
}
const HANGS_AFTER_MS = 60_000
if (name in signs) {
  const { mtimeMs } = statSync(signs[name])
  process.exit(Date.now() - mtimeMs < HANGS_AFTER_MS ? 0 : 1)
}

const question = questions[name]
if (!question)
  throw new Error(`Nothing here is called ${name}: ${Object.keys(questions).join(', ')}`)
const [url, headers] = question()
const isWell = await fetch(url, { headers, signal: AbortSignal.timeout(4000) }).then(
  (response) => response.ok,
  () => false,
)
process.exit(isWell ? 0 : 1)
