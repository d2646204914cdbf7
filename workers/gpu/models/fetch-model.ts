import { mkdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelKind } from '../inference/engine.ts'
import { fetchFile } from './fetch-file.ts'
import { withFetchLock } from './fetch-lock.ts'
import { type HubFile, hubFileUrl, listHubFiles, ModelFetchError } from './hub.ts'
import { findModel, REQUIRED_FILES } from './model-files.ts'

export type Progress = { doneBytes: number; totalBytes: number }

type Options = {
  kind: ModelKind
  name: string
  hubUrl: string
  cacheFolder: string
  onProgress: (progress: Progress) => void
  signal: AbortSignal
  retryMs?: number
}

/** Left free on the disk after a model has come. */
const SPARE_BYTES = 200e6

/**
 * Fetches all of a model's files into a folder beside the cache's models, where a later try goes on, and renames it
 * when each file is whole: what lies under the model's name is never half a model.
 */
export async function fetchModel(options: Options): Promise<void> {
  const { kind, name, hubUrl, cacheFolder, signal } = options
  const files = await listHubFiles(hubUrl, name, signal)
  if (!files) throw new ModelFetchError(`the hub has no model ${name}`)
  const missing = REQUIRED_FILES[kind].filter((path) => files.every((file) => file.path !== path))
  if (missing.length > 0) throw new ModelFetchError(`the hub's ${name} lacks ${missing.join(', ')}`)
  await withFetchLock(join(cacheFolder, `.fetching-${name}`), signal, async (folder) => {
    // Another process may have fetched it while this one waited.
    if (await findModel(kind, name, { cacheFolder })) return
    await checkSpace(cacheFolder, files)
    await fetchAll(files, { ...options, folder })
    await rm(join(cacheFolder, name), { recursive: true, force: true })
    await rename(folder, join(cacheFolder, name))
  })
}

async function fetchAll(files: HubFile[], options: Options & { folder: string }) {
  const { name, hubUrl, folder, onProgress, signal, retryMs } = options
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let before = 0
  for (const file of files) {
    await fetchFile({
      url: hubFileUrl(hubUrl, name, file.path),
      path: join(folder, file.path),
      file,
      signal,
      onBytes: (bytes) => onProgress({ doneBytes: before + bytes, totalBytes }),
      ...(retryMs !== undefined && { retryMs }),
    })
    before += file.sizeBytes
  }
}

async function checkSpace(cacheFolder: string, files: HubFile[]) {
  await mkdir(cacheFolder, { recursive: true })
  const { bavail, bsize } = await statfs(cacheFolder)
  const needed = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, SPARE_BYTES)
  if (bavail * bsize >= needed) return
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  throw new ModelFetchError(
    `the disk has ${megabytes(bavail * bsize)} free, and the model needs ${megabytes(needed)}`,
  )
}
