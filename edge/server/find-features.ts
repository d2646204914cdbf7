import type { ServerFeaturesDto } from '#contracts/api/server.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import { hasVectors } from '#db/queries/vectors.ts'
import type { Deps } from '../deps.ts'

/** What this server does, so that clients show no button that leads nowhere. */
export async function findFeatures({ db }: Pick<Deps, 'db'>): Promise<ServerFeaturesDto> {
  const [{ machineLearning, map, passwordLogin, trash }, isAbleToCompare] = await Promise.all([
    readSystemConfig(db),
    hasVectors(db),
  ])
  const isLearning = machineLearning.enabled && isAbleToCompare
  return {
    configFile: false,
    duplicateDetection: false,
    email: false,
    facialRecognition: isLearning && machineLearning.facialRecognition.enabled,
    importFaces: false,
    map: map.enabled,
    oauth: false,
    oauthAutoLaunch: false,
    ocr: false,
    passwordLogin: passwordLogin.enabled,
    realtimeTranscoding: false,
    reverseGeocoding: false,
    search: true,
    sidecar: true,
    smartSearch: isLearning && machineLearning.clip.enabled,
    trash: trash.enabled,
  }
}
