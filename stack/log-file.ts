import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'

type Options = { maxBytes?: number; kept?: number; onError?: (error: Error) => void }

const MAX_BYTES = 10 * 1024 * 1024
const KEPT_FILES = 3

export type LogFile = { write: (line: string) => void; close: () => void }

function sizeOf(path: string) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** `media.log` → `media.log.1` → … → gone. */
function rotate(path: string, kept: number) {
  rmSync(`${path}.${kept}`, { force: true })
  for (let number = kept - 1; number >= 1; number--) {
    if (statSync(`${path}.${number}`, { throwIfNoEntry: false })) {
      renameSync(`${path}.${number}`, `${path}.${number + 1}`)
    }
  }
  renameSync(path, `${path}.1`)
}

/**
 * Lines into a file that never grows without bound. A disk that takes no more loses lines, not the stack. Written at
 * once: the last words of a process that dies matter most.
 */
export function openLogFile(path: string, options: Options = {}): LogFile {
  const { maxBytes = MAX_BYTES, kept = KEPT_FILES, onError = () => {} } = options
  const open = () => openSync(path, 'a', 0o640)
  let size = sizeOf(path)
  let descriptor = open()
  let isClosed = false

  function append(line: string) {
    const bytes = Buffer.byteLength(line) + 1
    if (size > 0 && size + bytes > maxBytes) {
      closeSync(descriptor)
      rotate(path, kept)
      descriptor = open()
      size = 0
    }
    size += bytes
    writeSync(descriptor, `${line}\n`)
  }

  return {
    write(line) {
      if (isClosed) return
      try {
        append(line)
      } catch (error) {
        onError(error as Error)
      }
    },
    close() {
      if (!isClosed) closeSync(descriptor)
      isClosed = true
    },
  }
}
