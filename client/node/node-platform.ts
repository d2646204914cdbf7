import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { SourceError } from '../upload-errors.ts'
import type { UploadPlatform } from '../upload-types.ts'
import { inspectFile } from './inspect-file.ts'
import { createPutAgents, putFileRange } from './put-file-range.ts'

export type NodeSource = {
  path: string
  sizeBytes: number
  modifiedAtMs: number
  sidecarPath?: string
}

/** A sidecar is some kilobytes of XMP; what is larger is not one. */
const MAX_SIDECAR_BYTES = 2 * 1024 * 1024

export async function sourceOfPath(path: string, sidecarPath?: string): Promise<NodeSource> {
  try {
    const { size, mtimeMs } = await stat(path)
    const facts = { path, sizeBytes: size, modifiedAtMs: Math.floor(mtimeMs) }
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
    factsOf: ({ path, sizeBytes, modifiedAtMs }) => ({
      name: basename(path).normalize('NFC'),
      sizeBytes,
      modifiedAtMs,
      fingerprint: JSON.stringify([path, sizeBytes, modifiedAtMs]),
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
      const { path, sidecarPath } = handle as { path: string; sidecarPath?: string }
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
