import type { Context } from 'hono'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from '../app-env.ts'
import { parseRange } from './byte-range.ts'

type Sent = {
  key: string
  sizeBytes: number
  contentType: string
  /** Quoted; equal only for equal bytes. */
  etag: string
  cacheControl: string
  disposition: string
}

/** The client has these bytes already. */
export function isUnchanged(c: Context<AppEnv>, etag: string): boolean {
  const known = c.req.header('if-none-match')
  if (!known) return false
  return known.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')))
}

/** A range counts only for the bytes that the client has the other part of. */
function rangeOf(c: Context<AppEnv>, { sizeBytes, etag }: Sent) {
  const ifRange = c.req.header('if-range')
  return ifRange && ifRange !== etag ? 'all' : parseRange(c.req.header('range'), sizeBytes)
}

/** Streams an object of the store as it is, whole or in part; what the client has already is not sent again. */
export async function sendObject(c: Context<AppEnv>, sent: Sent): Promise<Response> {
  const { key, sizeBytes, etag } = sent
  const cached = { ETag: etag, 'Cache-Control': sent.cacheControl }
  if (isUnchanged(c, etag)) return new Response(null, { status: 304, headers: cached })
  const range = rangeOf(c, sent)
  if (range === 'unsatisfiable') {
    const headers = { 'Content-Range': `bytes */${sizeBytes}` }
    return Response.json({ message: 'Range not satisfiable' }, { status: 416, headers })
  }
  const part = range === 'all' ? undefined : range
  const object = c.req.method === 'HEAD' ? undefined : await read(c, key, part)
  return new Response(object?.body ?? null, {
    status: part ? 206 : 200,
    headers: {
      ...cached,
      'Content-Type': sent.contentType,
      'Content-Length': String(part ? part.end - part.start + 1 : sizeBytes),
      'Content-Disposition': sent.disposition,
      'Accept-Ranges': 'bytes',
      ...(part && { 'Content-Range': `bytes ${part.start}-${part.end}/${sizeBytes}` }),
    },
  })
}

async function read(c: Context<AppEnv>, key: string, range?: { start: number; end: number }) {
  const object = await c.var.deps.storage.get(key, range ? { range } : {})
  if (!object) throw new AppError('not_found', 'Asset media not found')
  return object
}
