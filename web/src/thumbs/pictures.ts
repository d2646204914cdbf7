import type { AssetUrlsResponseDto } from '#contracts/api/uploads.ts'
import { callApi } from '../api/http.ts'
import { SignedUrls } from './signed-urls.ts'

export const signedUrls = new SignedUrls(async (ids, size) => {
  const answer = await callApi<AssetUrlsResponseDto>('POST', '/api/assets/urls', {
    body: { ids, size },
  })
  const urls = Object.entries(answer.urls).map(([id, url]) => [id, withSchemeOfPage(url)] as const)
  return { ...answer, urls: Object.fromEntries(urls) }
})

/** Behind a proxy that ends TLS the server may sign for http; the scheme is no part of the signature. */
function withSchemeOfPage(url: string): string {
  const isOwn = url.startsWith(`http://${location.host}/`)
  return isOwn && location.protocol === 'https:' ? url.replace('http:', 'https:') : url
}

/** The API's own route, for what cannot be signed. `version` changes when the picture does. */
export function derivativePath(id: string, size: 'thumbnail' | 'preview', version = ''): string {
  const query = new URLSearchParams({ size, ...(version ? { c: version } : {}) })
  return `/api/assets/${id}/thumbnail?${query}`
}

export const originalPath = (id: string) => `/api/assets/${id}/original`
export const playbackPath = (id: string) => `/api/assets/${id}/video/playback`
