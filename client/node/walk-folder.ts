import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import { type FilePath, readablePath } from './node-platform.ts'

export type Found =
  | { kind: 'asset'; path: FilePath; sidecarPath?: FilePath }
  | { kind: 'unsupported'; path: FilePath }
  | { kind: 'unreadable'; path: FilePath; reason: string }

/** Folders that cameras, NAS systems and desktops fill with what is no one's photo. */
const SKIPPED_FOLDERS = ['@eadir', '$recycle.bin', '#recycle', 'lost+found', '__macosx']
const SKIPPED_FILES = ['thumbs.db', 'desktop.ini']

type OnFolder = (folder: Buffer) => void

/**
 * Every file under a folder, in the order of names. Hidden files are passed over; symlinks are followed, each
 * folder once, so that a link to a parent ends; names that are not UTF-8 stay bytes.
 */
export async function* walkFolder(
  folder: FilePath,
  onFolder: OnFolder = () => {},
): AsyncGenerator<Found> {
  yield* walk(Buffer.from(folder), { visited: new Set(), onFolder })
}

type Walk = { visited: Set<string>; onFolder: OnFolder }

async function* walk(folder: Buffer, way: Walk): AsyncGenerator<Found> {
  const { visited, onFolder } = way
  let entries: Dirent<Buffer>[]
  try {
    const real = (await realpath(folder, 'buffer')).toString('latin1')
    if (visited.has(real)) return
    visited.add(real)
    // Before the files are listed: a watch that begins now misses none that comes later.
    onFolder(folder)
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    yield { kind: 'unreadable', path: pathOf(folder), reason: reasonOf(error) }
    return
  }
  const children = entries
    .map((entry) => ({ entry, name: readablePath(entry.name), path: join(folder, entry.name) }))
    .filter(({ name }) => !isSkipped(name))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  const sidecars = new Map(
    children
      .filter(({ name }) => /\.xmp$/i.test(name))
      .map(({ name, path }) => [name.toLowerCase(), pathOf(path)]),
  )
  for (const { entry, name, path } of children) {
    const kind = await kindOf(entry, path)
    if (kind === 'folder') yield* walk(path, way)
    if (kind === 'file') yield* foundFile(name, path, sidecars)
    if (kind !== 'folder' && kind !== 'file' && kind !== 'other') {
      yield { kind: 'unreadable', path: pathOf(path), reason: kind.reason }
    }
  }
}

/** `a.jpg.xmp` belongs to `a.jpg`, and so does `a.xmp` if there is none with the full name. */
function* foundFile(name: string, path: Buffer, sidecars: Map<string, FilePath>): Generator<Found> {
  const key = name.toLowerCase()
  if (key.endsWith('.xmp')) return
  if (!mediaTypeOfName(name)) {
    yield { kind: 'unsupported', path: pathOf(path) }
    return
  }
  const sidecarPath =
    sidecars.get(`${key}.xmp`) ?? sidecars.get(`${key.slice(0, key.lastIndexOf('.'))}.xmp`)
  yield { kind: 'asset', path: pathOf(path), ...(sidecarPath ? { sidecarPath } : {}) }
}

/** What lies at one path below a folder that is walked; undefined when nothing does, or nothing that counts. */
export async function foundAt(path: Buffer): Promise<Found | { kind: 'folder' } | undefined> {
  const name = readablePath(path.subarray(path.lastIndexOf('/') + 1))
  if (isSkipped(name) || /\.xmp$/i.test(name)) return undefined
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) return { kind: 'folder' }
  if (!there?.isFile()) return undefined
  if (!mediaTypeOfName(name)) return { kind: 'unsupported', path: pathOf(path) }
  const sidecarPath = await sidecarBeside(path)
  return { kind: 'asset', path: pathOf(path), ...(sidecarPath ? { sidecarPath } : {}) }
}

async function sidecarBeside(path: Buffer): Promise<FilePath | undefined> {
  const stem = path.subarray(0, path.lastIndexOf('.'))
  for (const whole of [path, stem]) {
    for (const extension of ['.xmp', '.XMP']) {
      const sidecar = Buffer.concat([whole, Buffer.from(extension)])
      const there = await stat(sidecar).catch(() => undefined)
      if (there?.isFile()) return pathOf(sidecar)
    }
  }
  return undefined
}

async function kindOf(
  entry: Dirent<Buffer>,
  path: Buffer,
): Promise<'folder' | 'file' | 'other' | { reason: string }> {
  if (entry.isDirectory()) return 'folder'
  if (entry.isFile()) return 'file'
  if (!entry.isSymbolicLink()) return 'other'
  try {
    const target = await stat(path)
    return target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'other'
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

function isSkipped(name: string): boolean {
  const key = name.toLowerCase()
  return key.startsWith('.') || SKIPPED_FOLDERS.includes(key) || SKIPPED_FILES.includes(key)
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name])
}

/** Text wherever it names the same file. */
function pathOf(path: Buffer): FilePath {
  const text = path.toString()
  return Buffer.from(text).equals(path) ? text : path
}

const REASONS: Record<string, string> = {
  EACCES: 'not allowed to read it',
  EPERM: 'not allowed to read it',
  ENOENT: 'a link that leads nowhere',
  ELOOP: 'a link that leads to itself',
  EIO: 'the disk cannot read it',
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? (code || String(error))
}
