import { SvelteMap } from 'svelte/reactivity'
import type { AssetResponseDto } from '#contracts/api/assets.ts'
import { callApi } from '../api/http.ts'

const known = new SvelteMap<string, AssetResponseDto>()
const asking = new Map<string, Promise<AssetResponseDto>>()

/** Everything the API knows of one asset. Asked for once; `peek` is reactive. */
export const assetDetails = {
  peek: (id: string) => known.get(id),

  async load(id: string): Promise<AssetResponseDto> {
    const ready = known.get(id)
    if (ready?.exifInfo) return ready
    const running = asking.get(id)
    if (running) return running
    const promise = callApi<AssetResponseDto>('GET', `/api/assets/${id}`)
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
    await callApi('PUT', `/api/assets/${id}`, { body: { description } })
    const details = known.get(id)
    if (details?.exifInfo) {
      known.set(id, { ...details, exifInfo: { ...details.exifInfo, description } })
    }
  },
}
