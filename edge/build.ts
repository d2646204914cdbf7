import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unstable_readConfig } from 'wrangler'
import { type EdgeConfig, workerdConfig } from './build/workerd-config.ts'

const repository = dirname(dirname(fileURLToPath(import.meta.url)))
const wranglerToml = join(repository, 'wrangler.toml')

/** wrangler looks for newer versions and sends figures unless told not to. */
const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
}

/** The same bundle that `wrangler deploy` would send to Cloudflare. */
async function bundle(folder: string): Promise<void> {
  const wrangler = join(repository, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const args = ['deploy', '--dry-run', '--config', wranglerToml, '--outdir', folder]
  await promisify(execFile)(process.execPath, [wrangler, ...args], {
    cwd: repository,
    env: { ...process.env, ...OFFLINE },
  })
  const modules = (await readdir(folder)).filter((file) => /\.(js|mjs|wasm|bin)$/.test(file))
  if (modules.join() !== 'index.js') {
    throw new Error(`The bundle has modules that workerd is not told of: ${modules.join(', ')}`)
  }
}

function readEdgeConfig(): EdgeConfig {
  const config = unstable_readConfig({ config: wranglerToml })
  const vars = config.vars as Record<string, string>
  const { directory, binding, not_found_handling } = config.assets ?? {}
  const { GATEWAY_URL, DISPATCHER_URL, S3_ENDPOINT } = vars
  const { compatibility_date: compatibilityDate } = config
  if (!compatibilityDate || !directory || !binding || !not_found_handling) {
    throw new Error(
      'wrangler.toml must have compatibility_date, and directory, binding and not_found_handling of assets.',
    )
  }
  if (!GATEWAY_URL || !DISPATCHER_URL || !S3_ENDPOINT) {
    throw new Error(
      'wrangler.toml must have GATEWAY_URL, DISPATCHER_URL and S3_ENDPOINT in [vars].',
    )
  }
  return {
    compatibilityDate,
    compatibilityFlags: config.compatibility_flags,
    variables: [...Object.keys(vars), ...(config.secrets?.required ?? [])],
    assets: {
      binding,
      // wrangler makes it absolute.
      directory: directory.replace(`${repository}/`, ''),
      notFoundHandling: not_found_handling,
    },
    externals: { gateway: GATEWAY_URL, dispatcher: DISPATCHER_URL, store: S3_ENDPOINT },
  }
}

/** Fills `folder` (dist/edge) with the bundle and `config.capnp` for workerd. */
export async function buildEdge(folder = join(repository, 'dist', 'edge')): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  // wrangler wants the folder of static files to exist; the gallery may be built later.
  await mkdir(join(repository, 'dist', 'web'), { recursive: true })
  await bundle(folder)
  await writeFile(join(folder, 'config.capnp'), workerdConfig(readEdgeConfig()))
}

if (import.meta.main) await buildEdge()
