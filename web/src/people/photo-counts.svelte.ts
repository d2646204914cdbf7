import { SvelteMap } from 'svelte/reactivity'
import { callApi } from '../api/http.ts'

const known = new SvelteMap<string, number>()
const asked = new Set<string>()

/** On how many photos somebody is seen. */
export const photoCounts = {
  peek: (id: string): number | undefined => known.get(id),

  async load(id: string) {
    if (asked.has(id)) return
    asked.add(id)
    try {
      const { assets } = await callApi<{ assets: number }>('GET', `/api/people/${id}/statistics`)
      known.set(id, assets)
    } catch {
      asked.delete(id)
    }
  },

  /** It became another one. */
  async reload(id: string) {
    asked.delete(id)
    await this.load(id)
  },
}
