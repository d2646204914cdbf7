import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileHash, UploadRecord, UploadStore } from '../upload-types.ts'

type Line = { fingerprint: string; hash: FileHash }

/**
 * Remembers in a file of JSON lines what was hashed, so that an import that is run again asks the server at once
 * instead of reading every file. Which files are unfinished it need not know: the folder is walked again.
 */
export function createHashStore(path: string): UploadStore {
  const hashes = readLines(path)
  mkdirSync(dirname(path), { recursive: true })
  // Rewritten at each start: without lines that a crash cut, and each file once.
  const text = [...hashes].map(([fingerprint, hash]) => lineOf({ fingerprint, hash })).join('')
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  let writing: Promise<void> = Promise.resolve()
  let unwritten: string[] = []

  // A full disk must not end an import, which only has more to read the next time.
  const append = async () => {
    const lines = unwritten
    unwritten = []
    await appendFile(path, lines.join('')).catch(() => {
      unwritten = ['\n', ...lines, ...unwritten]
    })
  }

  return {
    async list() {
      return []
    },
    async findHash(fingerprint) {
      return hashes.get(fingerprint)
    },
    async put(records: UploadRecord[]) {
      const fresh = records.flatMap(({ fingerprint, hash }) =>
        hash && hashes.get(fingerprint)?.checksum !== hash.checksum ? [{ fingerprint, hash }] : [],
      )
      if (fresh.length === 0) return
      for (const { fingerprint, hash } of fresh) hashes.set(fingerprint, hash)
      unwritten.push(...fresh.map(lineOf))
      writing = writing.then(append)
      await writing
    },
    async remove() {},
  }
}

const lineOf = (line: Line) => `${JSON.stringify(line)}\n`

function readLines(path: string): Map<string, FileHash> {
  const hashes = new Map<string, FileHash>()
  for (const text of readText(path).split('\n')) {
    const line = parseLine(text)
    if (line) hashes.set(line.fingerprint, line.hash)
  }
  return hashes
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const line: Line = JSON.parse(text)
    return typeof line.fingerprint === 'string' && typeof line.hash.checksum === 'string'
      ? line
      : undefined
  } catch {
    return undefined
  }
}
