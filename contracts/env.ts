import { z } from 'zod'

const port = z.coerce.number().int().min(1).max(65535)
const secret = z.string().min(16, 'must have at least 16 characters')
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )

/** Environment variables by concern. Each entry composes the fragments it needs and parses once, at its start. */
export const envFragments = {
  log: { LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info') },
  owner: { DATABASE_URL: z.url() },
  database: { APP_DATABASE_URL: z.url() },
  valkey: {
    VALKEY_URL: z.url(),
    /** Before every key, so that installations can share one Valkey. */
    VALKEY_PREFIX: z
      .string()
      .regex(/^[\w-]+$/)
      .default('tintype'),
  },
  /** Where internal listeners listen: loopback, or a private network. Never the public one. */
  internal: { INTERNAL_HOST: z.string().min(1).default('127.0.0.1') },
  store: {
    S3_ENDPOINT: z.url(),
    S3_REGION: z.string().default('us-east-1'),
    S3_BUCKET: z.string().min(3).default('tintype'),
    S3_ACCESS_KEY_ID: z.string().min(1),
    S3_SECRET_ACCESS_KEY: z.string().min(1),
  },
  gateway: { GATEWAY_SECRET: secret, GATEWAY_PORT: port },
  gatewayClient: { GATEWAY_URL: z.url(), GATEWAY_SECRET: secret, NEON_URL: z.url().optional() },
  dispatcher: { DISPATCHER_SECRET: secret, DISPATCHER_PORT: port },
  dispatcherClient: { DISPATCHER_URL: z.url(), DISPATCHER_SECRET: secret },
  media: {
    MEDIA_SECRET: secret,
    MEDIA_PORT: port,
    MEDIA_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(2),
  },
  gpu: {
    GPU_SECRET: secret,
    GPU_PORT: port,
    /** Threads that hold models and compute, one picture batch each at a time. */
    GPU_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(1),
    /** Model folders as Immich's hub exports lay them out, `<name>/visual/model.onnx`, …. Looked at before the cache. */
    MODELS_DIR: z.string().min(1).optional(),
    /** Where models are fetched to, once. */
    MODELS_CACHE: z.string().min(1).default('.tintype/models'),
    /** A model's files lie below `<hub>/<organisation>/<name>/resolve/<revision>/`; empty: nothing is ever fetched. */
    MODEL_HUB_URL: z.url().optional(),
  },
  gpuClient: { GPU_URL: z.url(), GPU_SECRET: secret },
  /** The one process of the Hub, as the process itself and as those who push to it know it. */
  hub: { HUB_SECRET: secret, STORE_EVENTS_SECRET: secret },
  hubClient: { HUB_URL: z.url(), HUB_SECRET: secret },
  edge: {
    S3_PUBLIC_URL: z.url().optional(),
    TRUSTED_PROXIES: list,
    SIGNUP_CODE: z.string().min(6).optional(),
  },
}

/** Parses variables or throws one message that names each variable at fault. Empty text counts as absent. */
export function parseEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  variables: Record<string, unknown>,
) {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const parsed = z.object(shape).safeParse(present)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The environment is not usable. ${faults.join('; ')}. See .env.example.`)
}
