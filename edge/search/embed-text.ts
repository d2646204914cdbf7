import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { EdgeEnv } from '../bindings.ts'

type Text = { text: string; language: string | undefined; model: string }

/** As Postgres reads a vector, of that dimension where one is given. */
export type EmbedText = (text: Text, dimension?: number) => Promise<string>

const Embedding = z.object({ dimension: z.number().int(), embedding: z.array(z.number()) })
const Refusal = z.object({ message: z.string() })

/** Long enough for a model that is loaded for this very query. */
const TIMEOUT_MS = 30_000
const RETRY_AFTER_SECONDS = 5
/** A person scrolls through the pages of one query and comes back to it; each takes some kilobytes. */
const CACHE_ENTRIES = 200

// Numbers, no sockets: what one request learned may serve another's.
const cache = new Map<string, string>()

function remember(key: string, vector: string) {
  cache.delete(key)
  cache.set(key, vector)
  const [oldest] = cache.keys()
  if (cache.size > CACHE_ENTRIES && oldest !== undefined) cache.delete(oldest)
}

/** Asks the gpu worker, which holds the models, and keeps what it said last. */
export function textEmbedder(
  { gpu, settings }: Pick<EdgeEnv, 'gpu' | 'settings'>,
  requestId: string,
): EmbedText {
  async function ask(text: Text): Promise<Response> {
    const response = await gpu
      .fetch(new URL('/embed-text', settings.GPU_URL).href, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${settings.GPU_SECRET}`,
          'Content-Type': 'application/json',
          'X-Correlation-ID': requestId,
        },
        body: JSON.stringify(text),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      .catch((cause: unknown) => {
        throw away(cause)
      })
    if (response.ok) return response
    const refusal = Refusal.safeParse(await response.json().catch(() => undefined))
    // workerd answers 500 to 504 for a neighbour that is down; what the worker itself says names the model.
    if (response.status !== 503 || !refusal.success)
      throw away(new Error(`gpu worker: status ${response.status}`))
    throw new AppError('busy', `Search by words is not available: ${refusal.data.message}`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }

  return async (text, dimension) => {
    const key = JSON.stringify([text.model, text.language ?? '', text.text, dimension])
    const known = cache.get(key)
    const vector = known ?? (await vectorOf(await ask(text), dimension))
    remember(key, vector)
    return vector
  }
}

async function vectorOf(response: Response, dimension: number | undefined): Promise<string> {
  const body = Embedding.safeParse(await response.json().catch(() => undefined))
  if (!body.success) throw away(new Error('gpu worker: the answer is no vector'))
  const { embedding } = body.data
  if (dimension !== undefined && embedding.length !== dimension)
    throw away(new Error(`the model gives ${embedding.length} dimensions instead of ${dimension}`))
  return `[${embedding.join(',')}]`
}

function away(cause: unknown) {
  return new AppError(
    'busy',
    'Search by words is not available: the machine learning worker is away',
    { cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
  )
}
