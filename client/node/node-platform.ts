import { readFile, stat } from 'node:fs/promises'
import { SourceError } from '../upload-errors.ts'
import type { UploadPlatform } from '../upload-types.ts'
import { inspectFile } from './inspect-file.ts'
import { createPutAgents, putFileRange } from './put-file-range.ts'

/** A path as the file system has it: bytes where they are not UTF-8. */
export type FilePath = string | Buffer

export type NodeSource = {
  path: FilePath
  name: string
  sizeBytes: number
  modifiedAtMs: number
  sidecarPath?: FilePath
}

/** A sidecar is some kilobytes of XMP; what is larger is not one. */
const MAX_SIDECAR_BYTES = 2 * 1024 * 1024

export async function sourceOfPath(path: FilePath, sidecarPath?: FilePath): Promise<NodeSource> {
  try {
    const { size, mtimeMs } = await stat(path)
    const facts = {
      path,
      name: nameOfPath(path),
      sizeBytes: size,
      modifiedAtMs: Math.floor(mtimeMs),
    }
    return sidecarPath ? { ...facts, sidecarPath } : facts
  } catch (cause) {
    throw new SourceError('The file cannot be read', { cause })
  }
}

export function createNodePlatform(
  options: { hashConcurrency?: number } = {},
): UploadPlatform<NodeSource> {
  const agents = createPutAgents()
  return {
    hashConcurrency: options.hashConcurrency ?? 2,
    factsOf: ({ path, name, sizeBytes, modifiedAtMs }) => ({
      name,
      sizeBytes,
      modifiedAtMs,
      fingerprint: JSON.stringify([readablePath(path), sizeBytes, modifiedAtMs]),
    }),
    inspect: inspectFile,
    refresh: ({ path, sidecarPath }) => sourceOfPath(path, sidecarPath),
    put: (request) => putFileRange(agents, request),
    async readSidecar({ sidecarPath }) {
      if (!sidecarPath) return undefined
      const bytes = await readFile(sidecarPath).catch(() => undefined)
      return bytes && bytes.length <= MAX_SIDECAR_BYTES ? new Uint8Array(bytes) : undefined
    },
    handleOf: ({ path, sidecarPath }) => (sidecarPath ? { path, sidecarPath } : { path }),
    async reopen(handle) {
      const { path, sidecarPath } = handle as Pick<NodeSource, 'path' | 'sidecarPath'>
      try {
        return { status: 'open', source: await sourceOfPath(path, sidecarPath) }
      } catch {
        return { status: 'gone' }
      }
    },
    // Node learns of a lost connection from its requests only, and those are repeated.
    isOnline: () => true,
    watchOnline: () => () => {},
    close: () => agents.destroy(),
  }
}

/** For people and as a key. Bytes that are not UTF-8 are read as the Windows letters they mostly are. */
export function readablePath(path: FilePath): string {
  if (typeof path === 'string') return path
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(path)
  } catch {
    return new TextDecoder('windows-1252').decode(path)
  }
}

function nameOfPath(path: FilePath): string {
  const readable = readablePath(path)
  return readable.slice(readable.lastIndexOf('/') + 1).normalize('NFC')
}
