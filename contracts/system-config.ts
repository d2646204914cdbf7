import { z } from 'zod'

const days = z.number().int().min(0).max(36_500)

/** The settings that this server follows, with Immich's names and defaults. A row holds only what was changed. */
export const SystemConfig = z.object({
  passwordLogin: z.object({ enabled: z.boolean().default(true) }).prefault({}),
  server: z
    .object({
      externalDomain: z.string().default(''),
      loginPageMessage: z.string().default(''),
      publicUsers: z.boolean().default(true),
    })
    .prefault({}),
  trash: z.object({ enabled: z.boolean().default(true), days: days.default(30) }).prefault({}),
  user: z.object({ deleteDelay: days.default(7) }).prefault({}),
})
export type SystemConfig = z.infer<typeof SystemConfig>
