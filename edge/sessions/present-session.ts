import type { SessionResponseDto } from '#contracts/api/sessions.ts'
import type { Session } from '#db/queries/sessions.ts'
import type { Viewer } from '../authentication/viewer.ts'

export function presentSession(
  session: Session,
  viewer: Pick<Viewer, 'proof'>,
): SessionResponseDto {
  return {
    id: session.id,
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
    ...(session.expiresAt && { expiresAt: session.expiresAt.toISOString() }),
    current: viewer.proof.kind === 'session' && viewer.proof.sessionId === session.id,
    deviceType: session.deviceType,
    deviceOS: session.deviceOs,
    appVersion: session.appVersion,
    isPendingSyncReset: session.isPendingSyncReset,
  }
}
