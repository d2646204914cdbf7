import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { formatOfFile } from '#workers/tools/media-format.ts'
import { renderMedia } from '../workers/media/render-media.ts'
import { openTempFolder } from '../workers/media/temp-folder.ts'
import { bareSharp, cpuSeconds } from './bare-sharp.ts'
import { makePictures, totalBytes } from './pictures.ts'
import { median, reportLine, reportTarget } from './report.ts'

const run = promisify(execFile)
const ROUNDS = 5
const PICTURES = 10
const TARGET = 0.9

type Way = { name: string; render: (path: string) => Promise<unknown> }

async function vipsthumbnail(path: string, folder: string) {
  const env = { ...process.env, VIPS_CONCURRENCY: '1' }
  const make = (size: string, output: string) =>
    run('vipsthumbnail', [path, '-s', size, '-o', join(folder, output)], { env })
  await make('1920x1440', 'preview.jpg[Q=80,subsample_mode=off]')
  await make('333x250', 'thumbnail.webp[Q=80]')
}

/** Thumbnails per CPU second: Tintype's against bare one-decode sharp and vipsthumbnail, in turns on the same files. */
export async function benchThumbnails() {
  const root = await mkdtemp(join(tmpdir(), 'tintype-bench-'))
  const temp = await openTempFolder(root)
  const { paths } = await makePictures(PICTURES)
  const { signal } = new AbortController()
  const exiftool = { readTags: never, readLargestPreview: never, close: never }
  const ways: Way[] = [
    {
      name: 'tintype',
      render: async (path) => {
        const format = await formatOfFile(path)
        await renderMedia({ path, format, readableShare: 1 }, { exiftool, temp, signal })
      },
    },
    {
      name: 'bare sharp, our encoder settings',
      render: (path) => bareSharp(path, { jpeg: { optimizeCoding: false }, webp: { effort: 2 } }),
    },
    {
      name: "bare sharp, sharp's own settings",
      render: (path) => bareSharp(path, { jpeg: {}, webp: {} }),
    },
    { name: 'vipsthumbnail, a process for each size', render: (path) => vipsthumbnail(path, root) },
  ]
  const bytes = await totalBytes(paths)
  console.log(
    `  ${paths.length} JPEGs of 12 megapixels, ${(bytes / paths.length / 1e6).toFixed(1)} MB each, ${ROUNDS} rounds`,
  )

  const secondsPer = new Map<string, number[]>(ways.map(({ name }) => [name, []]))
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, render } of ways) {
      const before = cpuSeconds()
      for (const path of paths) await render(path)
      // The first round warms up.
      if (round > 0) secondsPer.get(name)?.push((cpuSeconds() - before) / paths.length)
    }
  }
  await rm(root, { recursive: true })

  const figures = new Map([...secondsPer].map(([name, values]) => [name, 1 / median(values)]))
  for (const [name, perSecond] of figures)
    reportLine(`${name}, per CPU second`, perSecond.toFixed(2))
  const own = figures.get('tintype') ?? 0
  for (const [name, perSecond] of figures)
    if (name !== 'tintype') reportTarget(`tintype / ${name}`, own / perSecond, { atLeast: TARGET })
}

async function never(): Promise<never> {
  throw new Error('a JPEG needs no exiftool')
}
