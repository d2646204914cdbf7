import type { ApiKeyId, SessionId, UserId } from '#contracts/ids.ts'

/** Who asks, and by which proof. */
export type Viewer = {
  id: UserId
  email: string
  name: string
  isAdmin: boolean
  quotaSizeBytes: number | null
  quotaUsageBytes: number
  /** Just before the proof was read: it may have been revoked at any time since. */
  askedAt: Date
  proof:
    | {
        kind: 'session'
        sessionId: SessionId
        isElevated: boolean
        expiresAt: Date | null
        fromCookie: boolean
      }
    | { kind: 'apiKey'; apiKeyId: ApiKeyId; permissions: string[] }
}
