import { z } from 'zod'
import { parseEnv } from '#contracts/env.ts'
import { type ImportSummary, importFolder } from './import.ts'

const USAGE = 'Usage: import FOLDER   (TINTYPE_URL and TINTYPE_TOKEN say where and as whom)'
/** More than these are counted, not listed. */
const LISTED = 20

const EXIT = { allThere: 0, someFailed: 1, couldNotRun: 2, interrupted: 130 } as const

process.exitCode = await main(process.argv.slice(2))

async function main(words: string[]): Promise<number> {
  const [folder, ...rest] = words
  if (!folder || rest.length > 0) {
    process.stderr.write(`${USAGE}\n`)
    return EXIT.couldNotRun
  }
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopping.abort(new Error('Stopped')))
  }
  try {
    const env = parseEnv(
      {
        TINTYPE_URL: z.url(),
        TINTYPE_TOKEN: z.string().min(1),
        TINTYPE_IMPORT_STATE: z.string().optional(),
      },
      process.env,
    )
    const summary = await importFolder({
      folder,
      baseUrl: env.TINTYPE_URL.replace(/\/+$/, ''),
      token: env.TINTYPE_TOKEN,
      stateFile: env.TINTYPE_IMPORT_STATE,
      output: process.stdout,
      signal: stopping.signal,
    })
    process.stdout.write(textOf(summary))
    return summary.failed.length > 0 ? EXIT.someFailed : EXIT.allThere
  } catch (error) {
    if (stopping.signal.aborted) {
      process.stdout.write('Stopped. Run it again to go on.\n')
      return EXIT.interrupted
    }
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return EXIT.couldNotRun
  }
}

function textOf({ added, alreadyThere, failed, unsupported }: ImportSummary): string {
  const lines = [
    `${added} new, ${alreadyThere} already there, ${failed.length} failed, ${unsupported.length} not photos or videos`,
    ...listed(
      'Failed',
      failed.map(({ path, reason }) => `${path}: ${reason}`),
    ),
    ...listed('Not photos or videos', unsupported),
  ]
  return `${lines.join('\n')}\n`
}

function listed(title: string, lines: string[]): string[] {
  if (lines.length === 0) return []
  const more = lines.length - LISTED
  return [
    `${title}:`,
    ...lines.slice(0, LISTED).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}
