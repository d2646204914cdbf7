import { SvelteMap } from 'svelte/reactivity'
import { callApi } from '../api/http.ts'
import type { AssetDetails } from '../api/types.ts'

const known = new SvelteMap<string, AssetDetails>()
const asking = new Map<string, Promise<AssetDetails>>()

/** Everything the API knows of one asset. Asked for once; `peek` is reactive. */
export const assetDetails = {
  peek: (id: string) => known.get(id),

  async load(id: string): Promise<AssetDetails> {
    const ready = known.get(id)
    if (ready?.exifInfo) return ready
    const running = asking.get(id)
    if (running) return running
    const promise = callApi<AssetDetails>('GET', `/api/assets/${id}`)
    asking.set(id, promise)
    try {
      const details = await promise
      known.set(id, details)
      return details
    } finally {
      asking.delete(id)
    }
  },

  forget(id: string) {
    known.delete(id)
  },

  async describe(id: string, description: string) {
    const details = await callApi<AssetDetails | undefined>('PUT', `/api/assets/${id}`, {
      body: { description },
    })
    const before = known.get(id)
    const next = details ?? before
    if (next) known.set(id, { ...next, exifInfo: { ...next.exifInfo, description } })
  },
}
