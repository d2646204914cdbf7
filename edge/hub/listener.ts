import { z } from 'zod'
import type { Cut } from '#contracts/events.ts'
import { ApiKeyId, SessionId, UserId } from '#contracts/ids.ts'
import type { Viewer } from '../authentication/viewer.ts'

/** Who holds a socket, as the API process that let them in says. It travels in one header. */
export const Admitted = z.object({
  userId: UserId,
  sessionId: SessionId.optional(),
  apiKeyId: ApiKeyId.optional(),
  /** Before the proof was read: what was revoked later concerns it. */
  admittedAt: z.number(),
  expiresAt: z.number().optional(),
})
export type Admitted = z.infer<typeof Admitted>

export const ADMITTED_HEADER = 'x-tintype-admitted'

/** What is kept with each socket while the Hub sleeps. */
export type Listener = Admitted & {
  sid: string
  /** It has joined the default namespace and hears events. */
  isJoined: boolean
}

export function admittedOf({ id: userId, askedAt, proof }: Viewer): Admitted {
  const at = { userId, admittedAt: askedAt.getTime() }
  if (proof.kind === 'apiKey') return { ...at, apiKeyId: proof.apiKeyId }
  const { sessionId, expiresAt } = proof
  return { ...at, sessionId, ...(expiresAt && { expiresAt: expiresAt.getTime() }) }
}

export function isConcerned({ cut, userId }: Cut, listener: Admitted): boolean {
  if (listener.userId !== userId) return false
  if (cut === 'all') return true
  if ('sessionId' in cut) return listener.sessionId === cut.sessionId
  if ('apiKeyId' in cut) return listener.apiKeyId === cut.apiKeyId
  return listener.sessionId !== undefined && listener.sessionId !== cut.sessionsExcept
}
