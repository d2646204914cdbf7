import { z } from 'zod'

export const IMMICH_VERSION = { major: 3, minor: 0, patch: 3 } as const

export const ErrorDto = z.object({ message: z.string(), errors: z.array(z.unknown()).optional() })
