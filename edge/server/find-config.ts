import type { ServerConfigDto } from '#contracts/api/server.ts'
import { findSystemMetadata, readSystemConfig } from '#db/queries/system-config.ts'
import { hasAdmin } from '#db/queries/users.ts'
import type { Deps } from '../deps.ts'

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
    mapDarkStyleUrl: config.map.darkStyle,
    mapLightStyleUrl: config.map.lightStyle,
    minFaces: config.machineLearning.facialRecognition.minFaces,
    oauthButtonText: '',
    publicUsers: config.server.publicUsers,
    signupCodeRequired: !isInitialized && settings.SIGNUP_CODE !== undefined,
    trashDays: config.trash.days,
    userDeleteDelay: config.user.deleteDelay,
  }
}
