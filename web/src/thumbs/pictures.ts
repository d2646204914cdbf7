import { callApi } from '../api/http.ts'
import { SignedUrls } from './signed-urls.ts'

export const signedUrls = new SignedUrls((ids, size) =>
  callApi('POST', '/api/assets/urls', { body: { ids, size } }),
)

/** The API's own route, for what cannot be signed. `version` changes when the picture does. */
export function derivativePath(id: string, size: 'thumbnail' | 'preview', version = ''): string {
  const query = new URLSearchParams({ size, ...(version ? { c: version } : {}) })
  return `/api/assets/${id}/thumbnail?${query}`
}

export const originalPath = (id: string) => `/api/assets/${id}/original`
export const playbackPath = (id: string) => `/api/assets/${id}/video/playback`
