import type { UploadSnapshot } from '../upload-types.ts'
import type { NodeSource } from './node-platform.ts'

export type ReportStream = { isTTY?: boolean; columns?: number; write(text: string): unknown }

const BAR_WIDTH = 28
/** Between two plain lines, where no terminal can redraw one. */
const LINE_EVERY_MS = 10_000

/** How far an import is: one line that redraws itself on a terminal, plain lines now and then elsewhere. */
export function createImportReport(options: {
  output: ReportStream
  files: number
  bytes: number
}) {
  const { output, files, bytes } = options
  let settledFiles = 0
  let settledBytes = 0
  let lastLineAtMs = Date.now()
  let isLineOpen = false

  const clear = () => {
    if (isLineOpen) output.write('\r\u001b[2K')
    isLineOpen = false
  }

  return {
    settled(sizeBytes: number) {
      settledFiles += 1
      settledBytes += sizeBytes
    },
    progress({ totals, bytesPerSecond }: UploadSnapshot<NodeSource>) {
      const doneBytes = Math.min(bytes, settledBytes + totals.sentBytes)
      const share = bytes === 0 ? 1 : doneBytes / bytes
      const left = bytesPerSecond > 0 ? (bytes - doneBytes) / bytesPerSecond : undefined
      const words = [
        `${settledFiles} of ${files} files`,
        `${sizeText(doneBytes)} of ${sizeText(bytes)}`,
        ...(bytesPerSecond > 0 ? [`${sizeText(bytesPerSecond)}/s`] : []),
        ...(left === undefined ? [] : [`${timeText(left)} left`]),
      ].join(' · ')
      if (output.isTTY) {
        const filled = Math.round(share * BAR_WIDTH)
        const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
        output.write(`\r\u001b[2K${`${bar} ${words}`.slice(0, (output.columns ?? 100) - 1)}`)
        isLineOpen = true
        return
      }
      if (Date.now() - lastLineAtMs < LINE_EVERY_MS) return
      lastLineAtMs = Date.now()
      output.write(`${Math.floor(share * 100)} % · ${words}\n`)
    },
    note(text: string) {
      clear()
      output.write(`${text}\n`)
    },
    end: clear,
  }
}

export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

export function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  if (seconds < 3_600) return `${Math.ceil(seconds / 60)} min`
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`
}
