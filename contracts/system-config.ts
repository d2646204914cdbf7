import { z } from 'zod'

const days = z.number().int().min(0).max(36_500)

/** As the folder of a model is called, on the hub and in MODELS_DIR: never a path. */
const modelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'is no name of a model')
const concurrency = (jobs: number) =>
  z.object({ concurrency: z.number().int().min(1).max(64).default(jobs) }).prefault({})

/** The settings that this server follows, with Immich's names and defaults. A row holds only what was changed. */
export const SystemConfig = z.object({
  job: z
    .object({
      smartSearch: concurrency(2),
      faceDetection: concurrency(2),
    })
    .prefault({}),
  machineLearning: z
    .object({
      enabled: z.boolean().default(true),
      clip: z
        .object({
          enabled: z.boolean().default(true),
          modelName: modelName.default('ViT-B-32__openai'),
        })
        .prefault({}),
      facialRecognition: z
        .object({
          enabled: z.boolean().default(true),
          modelName: modelName.default('buffalo_l'),
          /** The detector's confidence from which a face counts. */
          minScore: z.number().min(0.1).max(1).default(0.7),
          /** Cosine distance up to which two faces may be one person's. */
          maxDistance: z.number().min(0.1).max(2).default(0.5),
          /** As many faces make a person. */
          minFaces: z.number().int().min(1).default(3),
        })
        .prefault({}),
      /** Ours: models whose size and licence an administrator has seen and agreed to; only they are fetched. */
      acceptedModels: z.array(modelName).default([]),
    })
    .prefault({}),
  map: z
    .object({
      enabled: z.boolean().default(true),
      /** MapLibre style URLs; empty: the outline of the world that ships with the gallery, and no server is asked. */
      lightStyle: z.string().default(''),
      darkStyle: z.string().default(''),
    })
    .prefault({}),
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
