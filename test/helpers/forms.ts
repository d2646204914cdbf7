import { createHash, randomBytes } from 'node:crypto'
import { AssetMediaResponseDto } from '#contracts/api/assets.ts'
import type { AssetId } from '#contracts/ids.ts'
import type { TestEdge, TestUser } from './edge.ts'

export const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()

const TIMES = {
  fileCreatedAt: '2024-05-17T10:00:00.000Z',
  fileModifiedAt: '2024-05-18T10:00:00.000Z',
}

type Upload = {
  bytes?: Uint8Array
  fileName?: string
  fields?: Record<string, string>
  headers?: Record<string, string>
  sidecar?: string
}

/** A form as Immich's apps send it: fields first, then the file. */
export function assetForm({
  bytes = randomBytes(2000),
  fileName = 'a.jpg',
  fields,
  sidecar,
}: Upload = {}) {
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...TIMES, ...fields })) form.set(name, value)
  form.set('assetData', new Blob([bytes as BlobPart]), fileName)
  if (sidecar !== undefined) form.set('sidecarData', new Blob([sidecar]), `${fileName}.xmp`)
  return form
}

export function postForm(edge: TestEdge, user: TestUser, upload: Upload = {}): Promise<Response> {
  const body = assetForm(upload)
  return edge
    .as(user)
    .request('/api/assets', { method: 'POST', body, headers: upload.headers ?? {} })
}

/** Uploads a file and answers its asset's id. */
export async function uploadAsset(
  edge: TestEdge,
  user: TestUser,
  upload: Upload = {},
): Promise<AssetId> {
  const response = await postForm(edge, user, upload)
  if (!response.ok) throw new Error(`upload: ${await response.text()}`)
  return AssetMediaResponseDto.parse(await response.json()).id
}
