import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ExifTool, type WriteTags } from 'exiftool-vendored'
import sharp from 'sharp'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'

const run = promisify(execFile)

/** Sample files beside the checkout. Tests about them are skipped where they are missing. */
export const SAMPLES = new URL('../../../shared/media/', import.meta.url).pathname
export const HAS_SAMPLES = existsSync(join(SAMPLES, 'expected.json'))
if (!HAS_SAMPLES) console.warn(`skipped: no sample files at ${SAMPLES}`)

export const readSample = (name: string) => readFile(join(SAMPLES, name))

/** A folder of the test file's own. */
export async function createTestFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-test-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Left half red, right half blue: its orientation can be seen. */
export async function makeJpeg({ width = 400, height = 200 } = {}): Promise<Buffer> {
  const half = { width: Math.floor(width / 2), height, channels: 3 as const }
  const blue = await sharp({ create: { ...half, background: '#0000ff' } })
    .png()
    .toBuffer()
  return await sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: Math.ceil(width / 2), top: 0 }])
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

/** Two seconds of moving colours. Options go between input and output. */
export async function makeVideo({
  options = [],
  name = 'video.mp4',
  seconds = 2,
}: {
  options?: string[]
  name?: string
  seconds?: number
} = {}): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-test-'))
  const path = join(folder, name)
  const source = `testsrc=size=320x180:rate=10:duration=${seconds}`
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...options, path])
  const bytes = await readFile(path)
  await rm(folder, { recursive: true })
  return bytes
}

let writer: ExifTool | undefined

function openWriter(): ExifTool {
  if (writer) return writer
  const opened = new ExifTool({ maxProcs: 1 })
  atEndOfFile(() => opened.end())
  writer = opened
  return opened
}

/** The same bytes with tags. */
export async function withTags(bytes: Buffer, tags: WriteTags, name = 'tagged.jpg') {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-test-'))
  const path = join(folder, name)
  await writeFile(path, bytes)
  await openWriter().write(path, tags, { writeArgs: ['-overwrite_original', '-n'] })
  const tagged = await readFile(path)
  await rm(folder, { recursive: true })
  return tagged
}

/** An XMP sidecar with the given attributes of its one description. */
export function makeSidecar(attributes: Record<string, string>): Buffer {
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`)
  return Buffer.from(`<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" ${written.join(' ')}/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>`)
}
