import { type ReportStream, sizeText } from './import-report.ts'

/** More of these at once are counted, not listed. */
const LISTED = 20

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

/** What a watch tells: what came in since it last said so, and each file that it cannot take, once. */
export function createWatchReport(output: ReportStream) {
  const told = new Set<string>()
  let added = 0
  let bytes = 0
  let alreadyThere = 0
  let unsupported: string[] = []

  const say = (text: string) => output.write(`${text}\n`)

  return {
    say,
    added(sizeBytes: number) {
      added += 1
      bytes += sizeBytes
    },
    alreadyThere() {
      alreadyThere += 1
    },
    unsupported(path: string) {
      unsupported.push(path)
    },
    /** Says it once for as long as it is not forgotten. */
    failed(path: string, reason: string) {
      const text = `${path}: ${reason}`
      if (told.has(text)) return
      told.add(text)
      say(text)
    },
    forget(path: string) {
      for (const text of told) if (text.startsWith(`${path}: `)) told.delete(text)
    },
    /** `inWork`: files on their way. Nothing is said when nothing happened. */
    progress(inWork: number, bytesPerSecond: number) {
      if (added + alreadyThere > 0 || (inWork > 0 && bytesPerSecond > 0)) {
        const parts = [
          `${plural(added, 'file')} uploaded (${sizeText(bytes)})`,
          ...(alreadyThere > 0 ? [`${alreadyThere} already there`] : []),
          ...(inWork > 0 ? [`${inWork} on their way`] : []),
          ...(bytesPerSecond > 0 ? [`${sizeText(bytesPerSecond)}/s`] : []),
        ]
        say(parts.join(', '))
      }
      if (unsupported.length > LISTED) say(`${unsupported.length} files are not photos or videos`)
      else for (const path of unsupported) say(`${path}: not a photo or video`)
      added = 0
      bytes = 0
      alreadyThere = 0
      unsupported = []
    },
  }
}
