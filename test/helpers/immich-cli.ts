import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { BackendUser } from './backend.ts'

const IMMICH = join(process.cwd(), 'node_modules', '@immich', 'cli', 'bin', 'immich')

export type CliRun = { code: number; output: string }

/** Immich's own command line tool as people install it, with a configuration folder of its own. */
export function createImmichCli(configFolder: string) {
  return (...args: string[]) =>
    new Promise<CliRun>((resolve) => {
      const env = { ...process.env, IMMICH_CONFIG_DIR: configFolder, CI: 'true' }
      execFile(process.execPath, [IMMICH, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      )
    })
}

/** An API key, made as a person makes one. */
export async function makeApiKey(
  url: string,
  { token }: BackendUser,
  permissions: string[] = ['all'],
): Promise<string> {
  const response = await fetch(`${url}/api/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'command line', permissions }),
  })
  const { secret } = (await response.json()) as { secret: string }
  return secret
}
