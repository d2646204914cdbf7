import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import type { Db } from '#db/client.ts'
import { configureNeon, connectNeon } from '#db/neon.ts'
import { startGateway } from '../../gateway/start-gateway.ts'
import { atEndOfFile } from './at-end-of-file.ts'

export type TestGateway = {
  url: string
  secret: string
  /** Over HTTP, as the edge connects. */
  db: Db
}

/** Tests make many accounts. */
const LITTLE = { memoryCost: 256, timeCost: 1, parallelism: 1 }

export type GatewayOptions = Partial<
  Omit<Parameters<typeof startGateway>[0], 'secret' | 'databaseUrl'>
>

/**
 * A real gateway on a free port for one database. The neon driver's endpoint is global: a test file that makes
 * several gateways sends its statements to the last one.
 */
export async function createTestGateway(
  { appUrl }: { appUrl: string },
  options: GatewayOptions = {},
): Promise<TestGateway> {
  const secret = randomBytes(16).toString('hex')
  const gateway = await startGateway({
    databaseUrl: appUrl,
    secret,
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    schemaReady: Promise.resolve(),
    poolMax: 4,
    passwordCost: LITTLE,
    ...options,
  })
  atEndOfFile(gateway.close)
  configureNeon({ fetch: (url, init) => fetch(url, init), endpoint: `${gateway.url}/sql` })
  return { url: gateway.url, secret, db: connectNeon({ authToken: secret, timeoutMs: 10_000 }) }
}
