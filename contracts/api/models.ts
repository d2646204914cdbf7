import { z } from 'zod'

/** Models for search by words (`clip`) and faces (`face`). Ours: Immich shows none. */
export const ModelDto = z
  .object({
    kind: z.enum(['clip', 'face']),
    name: z.string(),
    state: z.enum([
      'ready',
      'loaded',
      'absent',
      'needs-acceptance',
      'fetching',
      'failed',
      'disabled',
    ]),
    /** Why it is not ready, in words. */
    reason: z.string().nullable(),
    sizeBytes: z.number().nullable(),
    licence: z.string().nullable(),
    /** 0 to 1, while it is fetched. */
    progress: z.number().nullable(),
  })
  .meta({ id: 'ModelDto' })

export const ModelsResponseDto = z
  .object({
    /** What computes: `cuda`, `cpu`, or `untried` before the first model. */
    provider: z.string(),
    models: z.array(ModelDto),
  })
  .meta({ id: 'ModelsResponseDto' })
