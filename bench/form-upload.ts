import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Variables } from '#stack/env-file.ts'
import { median, reportLine, reportTarget } from './report.ts'
import { runStack, signUp } from './run-stack.ts'

const FILE_BYTES = 1_000_000_000
const BLOCK_BYTES = 1_000_000
const ROUNDS = 3
const REST_MS = 3_000
const BOUNDARY = 'tintype-bench-boundary'
const MAX_PEAK_MB = 300

/**
 * A form of 1 GB as Immich's clients send it, to workerd as the stack runs it, against a server of Node with
 * busboy that does the same work: SHA-1 on the way, parts of 8 MiB, two in flight, into the same store.
 */
export async function benchFormUpload() {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  try {
    await using stack = await runStack()
    const token = await signUp(stack.url)
    await using node = await runBusboyServer(stack.variables)
    const path = join(folder, 'film.mp4')
    await using file = await open(path, 'w+')
    await fill(file)

    const ratios: number[] = []
    const seconds: { edge: number; node: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await makeNew(file)
      const ofNode = await sendForm({ url: node.url, path, headers: {} })
      await delay(REST_MS)
      const ofEdge = await sendForm({
        url: `${stack.url}/api/assets`,
        path,
        headers: { 'x-api-key': token },
      })
      await delay(REST_MS)
      seconds.push({ edge: ofEdge, node: ofNode })
      ratios.push(ofNode / ofEdge)
    }
    const speed = (all: number[]) => `${(FILE_BYTES / 1e6 / median(all)).toFixed(0)} MB/s`
    reportLine('Node with busboy', speed(seconds.map((one) => one.node)))
    reportLine('workerd', speed(seconds.map((one) => one.edge)))
    reportLine('peak memory of Node with busboy', `${peakMegabytes(node.pid).toFixed(0)} MB`)
    reportTarget('speed, to Node with busboy', median(ratios), { atLeast: 0.7 })
    const edges = Object.entries(stack.pids()).filter(([name]) => name.startsWith('edge'))
    const peak = Math.max(...edges.map(([, pid]) => peakMegabytes(pid)))
    reportTarget('peak memory of a workerd', peak, { atMost: MAX_PEAK_MB, unit: 'MB' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill(file: FileHandle) {
  for (let at = 0; at < FILE_BYTES; at += BLOCK_BYTES) {
    await file.write(randomBytes(BLOCK_BYTES), 0, BLOCK_BYTES, at)
  }
  await file.sync()
}

/** Another file for the server, the same work for everyone. */
async function makeNew(file: FileHandle) {
  await file.write(randomBytes(16), 0, 16, 0)
  await file.sync()
}

async function runBusboyServer(variables: Variables) {
  const child = fork(join(import.meta.dirname, 'busboy-server.ts'), {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [port] = await once(child, 'message')
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

function formParts(name: string) {
  const at = new Date().toISOString()
  const field = (key: string, value: string) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`
  const head = [
    field('deviceAssetId', name),
    field('deviceId', 'bench'),
    field('fileCreatedAt', at),
    field('fileModifiedAt', at),
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="assetData"; filename="film.mp4"\r\n`,
    'Content-Type: video/mp4\r\n\r\n',
  ].join('')
  return { head: Buffer.from(head), tail: Buffer.from(`\r\n--${BOUNDARY}--\r\n`) }
}

async function sendForm(options: { url: string; path: string; headers: Record<string, string> }) {
  const { head, tail } = formParts(createHash('sha1').update(randomBytes(8)).digest('hex'))
  const startedAt = performance.now()
  const outgoing = request(options.url, {
    method: 'POST',
    headers: {
      ...options.headers,
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      'content-length': head.length + FILE_BYTES + tail.length,
    },
  })
  const answered = once(outgoing, 'response')
  await pipeline(async function* () {
    yield head
    yield* createReadStream(options.path, { highWaterMark: 512 * 1024 })
    yield tail
  }, outgoing)
  const [response] = await answered
  let text = ''
  for await (const chunk of response) text += chunk
  if (response.statusCode !== 201) throw new Error(`${options.url}: ${response.statusCode} ${text}`)
  return (performance.now() - startedAt) / 1000
}

/** The most that was ever resident, as Linux keeps it. */
function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6
}
