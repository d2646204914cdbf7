import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { FilePath } from './node-platform.ts'

/** Tells a file at a path from what lay there before. */
export type Facts = { sizeBytes: number; modifiedAtMs: number }

const FLUSH_MS = 300

const signatureOf = ({ sizeBytes, modifiedAtMs }: Facts) => `${sizeBytes}.${modifiedAtMs}`

/** Short, so that a hundred thousand of them take some megabytes. */
export function keyOfPath(path: FilePath): string {
  return createHash('sha1').update(path).digest('base64').slice(0, 16)
}

export type SettledFiles = Awaited<ReturnType<typeof openSettledFiles>>

/**
 * Remembers which files need nothing more, over restarts: a line for each, appended as it is settled. A lost line costs
 * reading its file once more, no more, since the server knows it by its hash. The lines count for one `account`.
 */
export async function openSettledFiles(path: string, account: string) {
  const known = await readLines(path, account)
  mkdirSync(dirname(path), { recursive: true })
  let unwritten: string[] = []
  let writing: Promise<void> = Promise.resolve()
  let timer: ReturnType<typeof setTimeout> | undefined
  let seen: Set<string> | undefined

  const lineOf = (key: string, signature: string) => `${key} ${signature}\n`
  const rewrite = () => {
    const lines = [...known].map(([key, signature]) => lineOf(key, signature))
    writeFileSync(`${path}.new`, [`${account}\n`, ...lines].join(''), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  // A full disk must not end a watch: what is not written is kept for the next time, and is on a line of its own then.
  const append = async () => {
    const lines = unwritten
    unwritten = []
    if (lines.length === 0) return
    await appendFile(path, lines.join('')).catch(() => {
      unwritten = ['\n', ...lines, ...unwritten]
    })
  }
  const flush = async () => {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(append)
    await writing
  }
  const rewriteIfPossible = () => {
    try {
      rewrite()
    } catch {
      // The lines of files that are gone stay in it, which harms nobody.
    }
  }
  rewrite()

  return {
    get count() {
      return known.size
    },
    has(key: string, facts: Facts): boolean {
      seen?.add(key)
      return known.get(key) === signatureOf(facts)
    },
    add(key: string, facts: Facts) {
      const signature = signatureOf(facts)
      seen?.add(key)
      known.set(key, signature)
      unwritten.push(lineOf(key, signature))
      timer ??= setTimeout(() => void flush(), FLUSH_MS)
    },
    /** From here on it is noted which files are asked about. */
    beginScan() {
      seen = new Set()
    },
    /** Forgets what was not asked about since. */
    async forgetUnseen() {
      const asked = seen ?? new Set()
      seen = undefined
      await flush()
      let isChanged = false
      for (const key of known.keys()) if (!asked.has(key)) isChanged = known.delete(key)
      if (isChanged) rewriteIfPossible()
    },
    endScan() {
      seen = undefined
    },
    flush,
  }
}

async function readLines(path: string, account: string): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  let isFirst = true
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (isFirst && line !== account) return known
      const [key, signature] = line.split(' ')
      if (!isFirst && key?.length === 16 && signature) known.set(key, signature)
      isFirst = false
    }
  } catch {
    // None is there yet.
  }
  return known
}
