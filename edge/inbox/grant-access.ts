import type { InboxCredentialsResponseDto, InboxPlaceDto } from '#contracts/api/inbox.ts'
import { CREDENTIALS_MIN_SECONDS } from '#contracts/api/inbox.ts'
import { AppError } from '#contracts/errors.ts'
import { StoreError } from '#storage/storage.ts'
import { assumeRole, policyForFolder } from '#storage/sts.ts'
import type { Deps } from '../deps.ts'

type Store = Pick<Deps, 'storeSettings' | 'storeFetch' | 'clock'>

const NO_STS =
  'The store behind this server cannot make keys for one folder. Ask its administrator for one, or use another way in.'
const LOOK_AGAIN_MS = 5 * 60_000

// A store that can keeps its ability; one that could not may have been given it since.
const known = new Map<string, { isAble: boolean; lookedAt: number }>()

/** Why no keys can be made; undefined where they can. Tried on the store itself, with a key that may do nothing of use. */
export async function whyNoCredentials(store: Store): Promise<string | undefined> {
  const { storeSettings, storeFetch, clock } = store
  const { endpoint, bucket } = storeSettings
  const now = clock().getTime()
  const found = known.get(endpoint)
  const isFresh = found && (found.isAble || now - found.lookedAt < LOOK_AGAIN_MS)
  if (found && isFresh) return found.isAble ? undefined : NO_STS
  const policy = policyForFolder({ bucket, prefix: '.probe/nothing/' })
  const grant = { policy, durationSeconds: CREDENTIALS_MIN_SECONDS }
  const isAble = await assumeRole(storeSettings, storeFetch, grant).then(
    () => true,
    (error: unknown) => {
      if (error instanceof StoreError && error.status < 500) return false
      throw error
    },
  )
  known.set(endpoint, { isAble, lookedAt: now })
  return isAble ? undefined : NO_STS
}

type Wanted = { place: InboxPlaceDto; durationSeconds: number }

/** A key of the store that reaches the viewer's inbox and nothing else. It ends by itself; nobody can end it earlier. */
export async function grantAccess(
  { storeSettings, storeFetch }: Store,
  { place, durationSeconds }: Wanted,
): Promise<InboxCredentialsResponseDto> {
  const policy = policyForFolder(place)
  try {
    const key = await assumeRole(storeSettings, storeFetch, { policy, durationSeconds })
    return { ...place, ...key, expiresAt: key.expiresAt.toISOString() }
  } catch (error) {
    if (!(error instanceof StoreError) || error.status >= 500) throw error
    throw new AppError('conflict', NO_STS, { cause: error })
  }
}
