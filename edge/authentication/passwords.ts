import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { EdgeEnv } from '../bindings.ts'

const HASH_TIMEOUT_MS = 20_000
const DEFAULT_RETRY_AFTER_SECONDS = 2

const Hashed = z.object({ hash: z.string() })
const Verified = z.object({ valid: z.boolean(), needsRehash: z.boolean() })
export type Verified = z.infer<typeof Verified>

/** Hashing runs in the gateway: one hash would stop workerd's only thread for a tenth of a second. */
export type Passwords = {
  hash(password: string): Promise<string>
  verify(password: string, hash: string): Promise<Verified>
}

export function passwordsOf({ gateway, settings }: EdgeEnv, requestId: string): Passwords {
  async function ask<Answer extends z.ZodType>(path: string, body: object, answer: Answer) {
    const response = await gateway.fetch(new URL(path, settings.GATEWAY_URL).href, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${settings.GATEWAY_SECRET}`,
        'Content-Type': 'application/json',
        'X-Correlation-ID': requestId,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(HASH_TIMEOUT_MS),
    })
    if (response.status === 503) {
      const asked = Number(response.headers.get('retry-after'))
      const retryAfterSeconds = asked > 0 ? asked : DEFAULT_RETRY_AFTER_SECONDS
      throw new AppError('busy', 'The server is busy, please try again', { retryAfterSeconds })
    }
    if (!response.ok) throw new Error(`gateway ${path}: status ${response.status}`)
    return answer.parse(await response.json())
  }
  return {
    hash: async (password) => (await ask('/passwords/hash', { password }, Hashed)).hash,
    verify: (password, hash) => ask('/passwords/verify', { password, hash }, Verified),
  }
}
