import { Hono } from 'hono'
import { z } from 'zod'
import type { UserId } from '#contracts/ids.ts'
import { ownerOfInboxKey } from '#contracts/object-keys.ts'
import { noteInboxEvent, type SeenObject } from '#db/queries/inbox-notes.ts'
import { connectDatabase } from '../deps.ts'
import { logFor } from '../http/log.ts'
import type { InternalEnv } from './internal-env.ts'
import { isBearer } from './is-bearer.ts'

const MAX_BYTES = 1024 * 1024
const MAX_RECORDS = 1000
/** S3's, in bytes. */
const KEY_MAX = 1024

/** As S3 and MinIO send them; fields that nobody here reads may be anything. */
const StoreEvent = z.object({
  Records: z
    .array(
      z.object({
        eventName: z.string(),
        eventTime: z.iso.datetime({ offset: true }),
        s3: z.object({
          bucket: z.object({ name: z.string() }),
          object: z.object({
            /** As a form writes it: `+` for a blank, the rest percent-encoded. */
            key: z.string().max(4096),
            size: z.number().int().nonnegative().optional(),
            eTag: z.string().max(200).optional(),
          }),
        }),
      }),
    )
    .max(MAX_RECORDS),
})
type StoreRecord = z.infer<typeof StoreEvent>['Records'][number]

class RefusedEvent extends Error {
  readonly status: 400 | 404 | 413

  constructor(message: string, status: 400 | 404 | 413 = 400) {
    super(message)
    this.status = status
  }
}

const CREATED = /^s3:ObjectCreated:|^ObjectCreated:/

/** Once: a name may hold a percent sign of its own. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw new RefusedEvent('The key is not encoded as a key', 400)
  }
}

/** The object that a record speaks of. Whether it is there, and what it is, the job finds out. */
function objectOf({ s3, eventTime }: StoreRecord, bucket: string): SeenObject {
  if (s3.bucket.name !== bucket) throw new RefusedEvent('The event is about another bucket')
  const objectKey = decodeKey(s3.object.key)
  const ownerId: UserId | undefined = ownerOfInboxKey(objectKey)
  if (!ownerId || objectKey.length > KEY_MAX) throw new RefusedEvent('The key lies in no inbox')
  return {
    ...{ ownerId, objectKey, lastModified: new Date(eventTime) },
    etag: (s3.object.eTag ?? '').replaceAll('"', ''),
    sizeBytes: s3.object.size ?? 0,
  }
}

async function readEvent(request: Request): Promise<StoreRecord[]> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BYTES)
    throw new RefusedEvent('The event is too large', 413)
  const text = await request.text()
  if (text.length > MAX_BYTES) throw new RefusedEvent('The event is too large', 413)
  const parsed = StoreEvent.safeParse(parseJson(text))
  if (!parsed.success) throw new RefusedEvent('This is no event of a store')
  return parsed.data.Records
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What the store tells of new objects. Events are hints: a false one makes a job that finds nothing. MinIO does not
 * send again what is refused (unless it was given a queue folder, whose first event then holds up all others).
 */
export const storeEventRoutes = new Hono<{ Bindings: InternalEnv }>().post('/', async (c) => {
  const { settings } = c.env
  if (!(await isBearer(c.req.header('authorization'), settings.STORE_EVENTS_SECRET)))
    return c.json({ message: 'Authorization is missing or wrong' }, 401)
  const requestId = crypto.randomUUID()
  const log = logFor(settings, requestId, 'hub')
  try {
    const records = await readEvent(c.req.raw)
    const objects = records
      .filter(({ eventName }) => CREATED.test(eventName))
      .map((record) => objectOf(record, settings.S3_BUCKET))
    const db = connectDatabase(c.env)
    for (const object of objects)
      if (!(await noteInboxEvent(db, { object, requestId })))
        throw new RefusedEvent('The inbox belongs to nobody', 404)
    return c.body(null, 204)
  } catch (error) {
    if (!(error instanceof RefusedEvent)) throw error
    log.warn({ reason: error.message }, 'an event of the store was refused')
    return c.json({ message: error.message }, error.status)
  }
})
