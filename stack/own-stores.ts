import { baseEnvironment } from './processes.ts'
import type { Settings } from './settings.ts'
import { planMinio } from './stores/minio.ts'
import { planPostgres } from './stores/postgres.ts'
import type { StorePlan } from './stores/store.ts'
import { planValkey } from './stores/valkey.ts'
import type { ProcessSpec } from './supervise.ts'

const portOf = (url: string | undefined) => Number(new URL(url ?? '').port)
const passwordOf = (url: string | undefined) => decodeURIComponent(new URL(url ?? '').password)

/** Replaying a log after a crash may take a while; ending a database in the middle of it helps nobody. */
const START_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 30_000

/** How to run each store that nobody gave a URL for. */
const plans = {
  postgres: ({ dataFolder, variables }: Settings) =>
    planPostgres({
      dataFolder,
      port: portOf(variables.DATABASE_URL),
      user: new URL(variables.DATABASE_URL ?? '').username,
      password: passwordOf(variables.DATABASE_URL),
    }),
  valkey: ({ dataFolder, variables }: Settings) =>
    planValkey({
      dataFolder,
      port: portOf(variables.VALKEY_URL),
      password: passwordOf(variables.VALKEY_URL),
    }),
  minio: ({ dataFolder, variables }: Settings) =>
    planMinio({
      dataFolder,
      port: portOf(variables.S3_ENDPOINT),
      accessKeyId: variables.S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: variables.S3_SECRET_ACCESS_KEY ?? '',
      region: variables.S3_REGION ?? 'us-east-1',
      events: {
        url: `${variables.HUB_URL}/store-events`,
        secret: variables.STORE_EVENTS_SECRET ?? '',
      },
    }),
}

function toSpec(plan: StorePlan, settings: Settings): ProcessSpec {
  const { env, isReady, ...rest } = plan
  return {
    ...rest,
    env: { ...baseEnvironment(settings), ...env },
    isReady,
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  }
}

export async function planOwnStores(settings: Settings): Promise<ProcessSpec[]> {
  const planned = [...settings.ownStores].map((name) => plans[name](settings))
  return (await Promise.all(planned)).map((plan) => toSpec(plan, settings))
}
