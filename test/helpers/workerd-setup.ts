import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { quietPort } from '#stack/stores/free-port.ts'
import { absentNeighbours } from './absent-neighbours.ts'
import { cloneTemplate } from './template-database.ts'
import { until } from './until.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the edge that runs inside workerd. */
    edgeVariables: Record<string, string>
  }
}

/** Tests inside workerd cannot start processes: one gateway and one database serve all of them. Runs after global-setup. */
export default async function setup(project: TestProject) {
  const { stores, template } = project.getProvidedContext()
  const database = await cloneTemplate(stores.databaseUrl, template)
  const secret = randomBytes(16).toString('hex')
  const gateway = await startGatewayProcess(database.appUrl, secret)
  project.provide('edgeVariables', {
    GATEWAY_URL: gateway.url,
    GATEWAY_SECRET: secret,
    ...absentNeighbours,
    S3_ENDPOINT: stores.s3.endpoint,
    S3_REGION: stores.s3.region,
    S3_ACCESS_KEY_ID: stores.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: stores.s3.secretAccessKey,
    LOG_LEVEL: 'error',
  })
  return async () => {
    await gateway.stop()
    await database.drop()
  }
}

/** A process of its own: this project resolves packages as workerd does, and the gateway needs Node's. */
async function startGatewayProcess(appUrl: string, secret: string) {
  const port = await quietPort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../gateway/index.ts')], {
    env: { APP_DATABASE_URL: appUrl, GATEWAY_SECRET: secret, GATEWAY_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const headers = { authorization: `Bearer ${secret}` }
  await until(async () => (await fetch(`${url}/health`, { headers })).ok, { timeoutMs: 60_000 })
  return {
    url,
    stop: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}
