import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unstable_readConfig } from 'wrangler'
import {
  type EdgeConfig,
  type HubConfig,
  hubWorkerdConfig,
  workerdConfig,
} from './build/workerd-config.ts'

const repository = dirname(dirname(fileURLToPath(import.meta.url)))
const edgeToml = join(repository, 'wrangler.toml')
const hubToml = join(repository, 'edge', 'internal', 'wrangler.toml')

/** wrangler looks for newer versions and sends figures unless told not to. */
const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
}

/** The same bundle that `wrangler deploy` would send to Cloudflare. */
async function bundle(toml: string, folder: string): Promise<void> {
  const wrangler = join(repository, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const args = ['deploy', '--dry-run', '--config', toml, '--outdir', folder]
  await promisify(execFile)(process.execPath, [wrangler, ...args], {
    cwd: repository,
    env: { ...process.env, ...OFFLINE },
  })
  const modules = (await readdir(folder)).filter((file) => /\.(js|mjs|wasm|bin)$/.test(file))
  if (modules.join() !== 'index.js') {
    throw new Error(`The bundle has modules that workerd is not told of: ${modules.join(', ')}`)
  }
}

function readWorkerConfig(toml: string) {
  const config = unstable_readConfig({ config: toml })
  const vars = config.vars as Record<string, string>
  const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = config
  if (!compatibilityDate) throw new Error(`${toml} must have compatibility_date.`)
  const variables = [...Object.keys(vars), ...(config.secrets?.required ?? [])]
  const addressOf = (name: string) => {
    const url = vars[name]
    if (!url) throw new Error(`${toml} must have ${name} in [vars].`)
    return url
  }
  return { config, compatibilityDate, compatibilityFlags, variables, addressOf }
}

function readEdgeConfig(): EdgeConfig {
  const { config, addressOf, ...shared } = readWorkerConfig(edgeToml)
  const { directory, binding, not_found_handling } = config.assets ?? {}
  if (!directory || !binding || !not_found_handling) {
    throw new Error('wrangler.toml must have directory, binding and not_found_handling of assets.')
  }
  return {
    ...shared,
    assets: {
      binding,
      // wrangler makes it absolute.
      directory: directory.replace(`${repository}/`, ''),
      notFoundHandling: not_found_handling,
    },
    externals: {
      gateway: addressOf('GATEWAY_URL'),
      dispatcher: addressOf('DISPATCHER_URL'),
      gpu: addressOf('GPU_URL'),
      hub: addressOf('HUB_URL'),
      store: addressOf('S3_ENDPOINT'),
    },
  }
}

function readHubConfig(): HubConfig {
  const { config, addressOf, ...shared } = readWorkerConfig(hubToml)
  const className = config.durable_objects.bindings[0]?.class_name
  if (!className) throw new Error(`${hubToml} must have a binding of the Hub.`)
  return { ...shared, className, externals: { gateway: addressOf('GATEWAY_URL') } }
}

async function emptied(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return folder
}

/** Fills `folder` (dist/edge) with the bundle and `config.capnp` for workerd. */
export async function buildEdge(folder = join(repository, 'dist', 'edge')): Promise<void> {
  await emptied(folder)
  // wrangler wants the folder of static files to exist; the gallery may be built later.
  await mkdir(join(repository, 'dist', 'web'), { recursive: true })
  await bundle(edgeToml, folder)
  await writeFile(join(folder, 'config.capnp'), workerdConfig(readEdgeConfig()))
}

/** The same for the process `hub`. */
export async function buildHub(folder = join(repository, 'dist', 'hub')): Promise<void> {
  await emptied(folder)
  await bundle(hubToml, folder)
  await writeFile(join(folder, 'config.capnp'), hubWorkerdConfig(readHubConfig()))
}

if (import.meta.main) await (process.argv[2] === 'hub' ? buildHub() : buildEdge())
