import type { ModelStore } from '../model-states.ts'
import { fetchModel } from './fetch-model.ts'
import { listHubFiles, ModelFetchError } from './hub.ts'
import { findKnownModel, UNKNOWN_LICENCE } from './known-models.ts'
import { findModel } from './model-files.ts'

type Options = {
  /** Looked at first; nothing is ever written there. */
  modelsDir?: string | undefined
  cacheFolder: string
  /** Without one nothing is fetched. */
  hubUrl?: string | undefined
}

const DESCRIBE_TIMEOUT_MS = 30_000

/** Models on this machine, and a hub that they can be fetched from once. */
export function createModelStore({ modelsDir, cacheFolder, hubUrl }: Options): ModelStore {
  return {
    find: (kind, name) => findModel(kind, name, { modelsDir, cacheFolder }),
    async describe(_kind, name) {
      if (!hubUrl) return undefined
      const { licence = UNKNOWN_LICENCE, sizeBytes } = findKnownModel(name) ?? {}
      // Nobody outside is called before somebody has chosen a model that is not known here, or agreed to one.
      if (sizeBytes !== undefined) return { sizeBytes, licence }
      const files = await listHubFiles(hubUrl, name, AbortSignal.timeout(DESCRIBE_TIMEOUT_MS))
      return files && { sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0), licence }
    },
    async fetch(kind, name, { onProgress, signal }) {
      if (!hubUrl) throw new ModelFetchError('no hub is set to fetch models from')
      await fetchModel({ kind, name, hubUrl, cacheFolder, onProgress, signal })
    },
  }
}
