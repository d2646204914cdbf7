import { randomBytes } from 'node:crypto'
import { type UploadDto, UploadDto as UploadSchema } from '#contracts/api/uploads.ts'
import type { TestEdge, TestUser } from './edge.ts'
import { sha1 } from './forms.ts'

type Announced = { bytes?: Uint8Array; fileName?: string; [member: string]: unknown }

const CLAIMS = {
  fileCreatedAt: '2024-05-17T12:00:00.000+02:00',
  fileModifiedAt: '2024-05-18T10:00:00.000Z',
}

export function announcement({
  bytes = randomBytes(2000),
  fileName = 'a.jpg',
  ...dto
}: Announced = {}) {
  return {
    fileName,
    sizeBytes: bytes.byteLength,
    checksum: sha1(bytes).toString('base64'),
    claims: { ...CLAIMS, ...(dto.claims as object | undefined) },
    ...(dto.partChecksums !== undefined && { partChecksums: dto.partChecksums }),
  }
}

/** Announces a file and answers its upload. */
export async function beginUpload(
  edge: TestEdge,
  user: TestUser,
  announced: Announced,
): Promise<UploadDto> {
  const response = await edge.as(user).post('/api/uploads', announcement(announced))
  const body = await response.json()
  if (response.status !== 201) throw new Error(`upload: ${JSON.stringify(body)}`)
  return UploadSchema.parse(body.upload)
}

/** Makes the signed requests as a client would; `send` makes one. */
export async function sendPuts(
  puts: UploadDto['puts'],
  bytes: Uint8Array,
  send: (url: string, init: RequestInit) => Promise<Response> = (url, init) => fetch(url, init),
): Promise<number[]> {
  const statuses: number[] = []
  for (const { url, headers, start, end } of puts) {
    const body = bytes.slice(start, end)
    const response = await send(url, { method: 'PUT', headers, body })
    await response.arrayBuffer()
    statuses.push(response.status)
  }
  return statuses
}
