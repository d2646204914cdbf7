import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { withLock } from './build-lock.ts'
import { OFFLINE } from './offline.ts'
import { repositoryFolder } from './paths.ts'
import { runCommand } from './run-command.ts'
import type { Steps } from './steps.ts'

/** One output in `dist/`, and the folders and files that it is made from. */
type Product = {
  name: string
  title: string
  inputs: string[]
  outputs: string[]
  make: () => Promise<unknown>
}

const distFolder = join(repositoryFolder, 'dist')
const SHARED = ['contracts', 'package-lock.json']

/** Each Node process as one file: it starts faster, and loads none of the source it does not use. */
const bundles = {
  gateway: { entry: 'gateway/index.ts', inputs: ['gateway', 'db', 'migrations/meta'] },
  dispatcher: {
    entry: 'workers/dispatcher/index.ts',
    inputs: ['workers', 'db', 'storage', 'migrations/meta'],
  },
  media: {
    entry: 'workers/media/index.ts',
    inputs: ['workers', 'db', 'storage', 'migrations/meta'],
  },
  gpu: {
    entry: 'workers/gpu/index.ts',
    inputs: ['workers', 'db', 'storage', 'migrations/meta'],
  },
  /** A model's thread. It and what it loads come into memory with the first model. */
  'gpu-thread': { entry: 'workers/gpu/inference/thread.ts', inputs: ['workers'] },
  migrate: { entry: 'db/migrate.ts', inputs: ['db', 'migrations'] },
  stack: { entry: 'stack/supervisor.ts', inputs: ['stack'] },
  bucket: { entry: 'stack/make-bucket.ts', inputs: ['stack'] },
  watch: { entry: 'stack/watch-as.ts', inputs: ['stack', 'client', 'db', 'migrations/meta'] },
} satisfies Record<string, { entry: string; inputs: string[] }>

/**
 * Packages stay packages, since some have native parts or find files beside their own. Those in many small modules
 * go in: loaded one by one, drizzle's 300 cost Node more than 200 MB, bundled 7 MB.
 */
const INSIDE = /^(?:drizzle-orm|zod|uuid)(?:\/|$)/
const keepPackagesOutside: Plugin = {
  name: 'keep-packages-outside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[a-z@]/ }, ({ path, kind }) =>
      kind === 'entry-point' || INSIDE.test(path) ? undefined : { path, external: true },
    ),
}

async function bundle(name: string, entry: string) {
  const { build } = await import('esbuild')
  await build({
    entryPoints: [join(repositoryFolder, entry)],
    outfile: join(distFolder, `${name}.js`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    plugins: [keepPackagesOutside],
    sourcemap: 'linked',
    logLevel: 'silent',
  })
}

const node = (...args: string[]) =>
  runCommand(process.execPath, args, {
    cwd: repositoryFolder,
    env: { ...process.env, ...OFFLINE, NODE_ENV: 'production' },
  })

const products: Product[] = [
  ...Object.entries(bundles).map(([name, { entry, inputs }]) => ({
    name,
    title: name,
    inputs: [...SHARED, ...inputs],
    outputs: [`${name}.js`],
    make: () => bundle(name, entry),
  })),
  {
    name: 'edge',
    title: 'edge',
    inputs: [...SHARED, 'edge', 'db', 'storage', 'wrangler.toml'],
    outputs: ['edge'],
    make: () => node('edge/build.ts'),
  },
  {
    name: 'hub',
    title: 'hub',
    inputs: [...SHARED, 'edge', 'db', 'storage'],
    outputs: ['hub'],
    make: () => node('edge/build.ts', 'hub'),
  },
  {
    name: 'web',
    title: 'gallery',
    inputs: [...SHARED, 'web', 'client'],
    outputs: ['web/index.html'],
    make: () => node('node_modules/vite/bin/vite.js', 'build', 'web', '--logLevel', 'error'),
  },
]

const isTest = (file: string) => /\.(test|suite)\.ts$/.test(file)

async function listFiles(input: string): Promise<string[]> {
  const path = join(repositoryFolder, input)
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    () => undefined,
  )
  if (!entries) return existsSync(path) ? [path] : []
  return entries
    .filter((entry) => entry.isFile() && !isTest(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** A fingerprint of what a product is made from: by content, so that a checkout or a copy builds nothing anew. */
async function stampOf({ inputs }: Product) {
  const hash = createHash('sha256')
  for (const file of (await Promise.all(inputs.map(listFiles))).flat()) {
    hash.update(file.slice(repositoryFolder.length)).update('\0')
    hash.update(await readFile(file))
  }
  return hash.digest('hex')
}

const stampPath = (product: Product) => join(distFolder, '.stamps', product.name)

async function isFresh(product: Product, stamp: string) {
  const last = await readFile(stampPath(product), 'utf8').catch(() => '')
  return last === stamp && product.outputs.every((output) => existsSync(join(distFolder, output)))
}

async function changed(only?: string[]) {
  const wanted = products.filter(({ name }) => !only || only.includes(name))
  const stamped = await Promise.all(
    wanted.map(async (product) => ({ product, stamp: await stampOf(product) })),
  )
  const fresh = await Promise.all(stamped.map(({ product, stamp }) => isFresh(product, stamp)))
  return stamped.filter((_, index) => !fresh[index])
}

/** Builds what changed since it was last built. */
export async function buildChanged(steps: Steps, only?: string[]) {
  const stamps = join(distFolder, '.stamps')
  await mkdir(stamps, { recursive: true })
  if ((await changed(only)).length === 0) return
  await withLock(stamps, 'lock', async () => {
    // Whoever held the lock before may have built just this.
    for (const result of await Promise.allSettled(
      (await changed(only)).map(async ({ product, stamp }) => {
        await steps.run(`Building ${product.title}`, product.make)
        await writeFile(stampPath(product), stamp)
      }),
    )) {
      if (result.status === 'rejected') throw result.reason
    }
  })
}
