import type { ServerConfigDto } from '#contracts/api/server.ts'
import { findSystemMetadata, readSystemConfig } from '#db/queries/system-config.ts'
import { hasAdmin } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'

/** Immich's default for people; nothing here recognizes faces yet. */
const MIN_FACES = 3

export async function findConfig({ db, settings }: Deps): Promise<ServerConfigDto> {
  const [config, isInitialized, onboarding] = await Promise.all([
    readSystemConfig(db),
    hasAdmin(db),
    findSystemMetadata(db, 'admin-onboarding'),
  ])
  return {
    externalDomain: config.server.externalDomain,
    isInitialized,
    isOnboarded: onboarding?.isOnboarded === true,
    loginPageMessage: config.server.loginPageMessage,
    maintenanceMode: false,
    // There is no map: features.map says so.
    mapDarkStyleUrl: '',
    mapLightStyleUrl: '',
    minFaces: MIN_FACES,
    oauthButtonText: '',
    publicUsers: config.server.publicUsers,
    signupCodeRequired: !isInitialized && settings.SIGNUP_CODE !== undefined,
    trashDays: config.trash.days,
    userDeleteDelay: config.user.deleteDelay,
  }
}
