import { readJson } from './http-health.ts'
import { publicUrl } from './preflight.ts'
import type { Settings } from './settings.ts'

/** Undefined while the edge does not answer. */
export async function isInitialized(settings: Settings) {
  const reach = publicUrl({ host: settings.host, port: settings.port })
  const config = await readJson(`${reach}/api/server/config`)
  return config ? config.isInitialized === true : undefined
}

export async function signupNotice(settings: Settings) {
  if ((await isInitialized(settings)) !== false) return []
  const { SIGNUP_CODE } = settings.variables
  return SIGNUP_CODE
    ? [`The first to sign up there becomes the administrator, with this code: ${SIGNUP_CODE}`]
    : ['The first to sign up there becomes the administrator.']
}
