import { IMMICH_VERSION } from '#contracts/api/common.ts'

/** The version of Immich's API that is spoken here. */
export const API_VERSION = `${IMMICH_VERSION.major}.${IMMICH_VERSION.minor}.${IMMICH_VERSION.patch}`
