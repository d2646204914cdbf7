import type { SessionId, UserId } from '#contracts/ids.ts'
import { insertSession, type Session } from '#db/queries/sessions.ts'
import type { Deps } from '../deps.ts'
import { newToken, tokenHashOf } from './tokens.ts'

type Opening = {
  userId: UserId
  deviceType: string
  deviceOs: string
  appVersion: string | null
  expiresAt?: Date | null
}

/** The token is told once; the row knows its hash. */
export async function openSession(
  { db, newId }: Pick<Deps, 'db' | 'newId'>,
  opening: Opening,
): Promise<{ token: string; session: Session }> {
  const token = newToken()
  const session = await insertSession(db, {
    ...opening,
    id: newId<SessionId>(),
    tokenHash: await tokenHashOf(token),
  })
  return { token, session }
}
