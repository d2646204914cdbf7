import type { AuthStatusResponseDto } from '#contracts/api/authentication.ts'
import { findSession } from '#db/queries/sessions.ts'
import { findUser } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'
import type { Viewer } from './viewer.ts'

/** What the viewer can prove, and until when. */
export async function findAuthStatus(
  { db }: Deps,
  { id, proof }: Viewer,
): Promise<AuthStatusResponseDto> {
  const ofSession = proof.kind === 'session' ? { viewerId: id, sessionId: proof.sessionId } : null
  const [user, session] = await Promise.all([
    findUser(db, id),
    ofSession ? findSession(db, ofSession) : undefined,
  ])
  return {
    password: Boolean(user?.passwordHash),
    pinCode: Boolean(user?.pinCodeHash),
    isElevated: proof.kind === 'session' && proof.isElevated,
    ...(session?.expiresAt && { expiresAt: session.expiresAt.toISOString() }),
    ...(session?.pinExpiresAt && { pinExpiresAt: session.pinExpiresAt.toISOString() }),
  }
}
