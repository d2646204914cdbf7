import { createWriteStream, renameSync, rmSync, statSync, type WriteStream } from 'node:fs'

type Options = { maxBytes?: number; kept?: number; onError?: (error: Error) => void }

const MAX_BYTES = 10 * 1024 * 1024
const KEPT_FILES = 3

export type LogFile = { write: (line: string) => void; close: () => Promise<void> }

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

/** Lines into a file that never grows without bound. A disk that takes no more loses lines, not the stack. */
export function openLogFile(path: string, options: Options = {}): LogFile {
  const { maxBytes = MAX_BYTES, kept = KEPT_FILES, onError = () => {} } = options
  let size = sizeOf(path)
  const open = (): WriteStream => {
    const stream = createWriteStream(path, { flags: 'a', mode: 0o640 })
    stream.on('error', onError)
    return stream
  }
  let stream = open()

  return {
    write(line) {
      const bytes = Buffer.byteLength(line) + 1
      if (size > 0 && size + bytes > maxBytes) {
        stream.end()
        try {
          rotate(path, kept)
        } catch (error) {
          onError(error as Error)
        }
        stream = open()
        size = 0
      }
      size += bytes
      stream.write(`${line}\n`)
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  }
}
