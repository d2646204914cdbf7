import type { ServerFeaturesDto } from '#contracts/api/server.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import type { Deps } from '../deps.ts'

/** What this server does, so that clients show no button that leads nowhere. */
export async function findFeatures({ db }: Pick<Deps, 'db'>): Promise<ServerFeaturesDto> {
  const { map, passwordLogin, trash } = await readSystemConfig(db)
  return {
    configFile: false,
    duplicateDetection: false,
    email: false,
    facialRecognition: false,
    importFaces: false,
    map: map.enabled,
    oauth: false,
    oauthAutoLaunch: false,
    ocr: false,
    passwordLogin: passwordLogin.enabled,
    realtimeTranscoding: false,
    reverseGeocoding: false,
    search: false,
    sidecar: true,
    smartSearch: false,
    trash: trash.enabled,
  }
}
