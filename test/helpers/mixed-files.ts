import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { withContentIdentifier } from './content-identifier.ts'

const run = promisify(execFile)

const SIDECAR = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>`

type Format = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif'

/** No two are alike. */
function picture(format: Format, edgePx = 96): Promise<Buffer> {
  const raw = { width: edgePx, height: edgePx, channels: 3 as const }
  return sharp(randomBytes(edgePx * edgePx * 3), { raw })
    .toFormat(format)
    .toBuffer()
}

async function film(path: string, marks: string[] = []): Promise<void> {
  const colour = `#${randomBytes(3).toString('hex')}`
  const source = `color=c=${colour}:size=160x90:rate=10:duration=1`
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...marks, path])
}

const AWKWARD = [
  'Zürich – Straße 🐶 (1).JPG',
  "it's + & 100% (2).jpg",
  'שלום עולם.jpg',
  '%2e%2e%2fdots.jpg',
  'a;b="c".jpg',
  'new folder/IMG_1.jpg',
  'other folder/IMG_1.jpg',
  'x.tar.gz.jpg',
  `${'n'.repeat(120)}.jpg`,
]

const PICTURES: [Format, string, number][] = [
  ['jpeg', 'jpg', 16],
  ['png', 'png', 9],
  ['webp', 'webp', 7],
  ['gif', 'gif', 4],
  ['tiff', 'tif', 4],
  ['avif', 'avif', 3],
]

/** Sixty files of what a person has, some with sidecars and one live photo, and the paths of their sidecars. */
export async function makeMixedFiles(folder: string) {
  const files: string[] = []
  const sidecars: string[] = []
  const write = async (name: string, bytes: Buffer) => {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
    files.push(path)
  }
  for (const name of AWKWARD) await write(name, await picture('jpeg'))
  for (const [format, extension, count] of PICTURES) {
    for (let index = 0; index < count; index++) {
      await write(`${format} ${index}.${extension}`, await picture(format))
    }
  }
  for (const name of ['film 1.mp4', 'film 2.mp4', 'film 3.mov', 'film 4.mkv', 'film 5.webm']) {
    files.push(join(folder, name))
    await film(join(folder, name))
  }
  // Sent in parts.
  await write('large.jpg', Buffer.concat([await picture('jpeg'), randomBytes(17 * 1024 * 1024)]))

  const mark = '7B3F1C52-0D3E-4C5B-9A86-2C6E0F1D4A11'
  const motion = join(folder, 'live.mov')
  const tag = ['-movflags', 'use_metadata_tags', '-metadata']
  await film(motion, [...tag, `com.apple.quicktime.content.identifier=${mark}`])
  files.push(motion)
  await write('live.jpg', withContentIdentifier(await picture('jpeg'), mark))

  for (const name of ['jpeg 0.jpg.xmp', 'png 0.xmp']) {
    sidecars.push(join(folder, name))
    await writeFile(join(folder, name), SIDECAR)
  }
  const sizes = await Promise.all(files.map(async (path) => (await readFile(path)).length))
  if (files.length !== 60 || sizes.includes(0)) throw new Error(`${files.length} files were made`)
  return { files, sidecars }
}
