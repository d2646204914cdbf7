import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '..', '..')
const PACKAGES = join(ROOT, 'node_modules')
const PARTS = [
  'drizzle-orm',
  'drizzle-orm/entity',
  'drizzle-orm/neon-http',
  'drizzle-orm/node-postgres',
  'drizzle-orm/node-postgres/migrator',
  'drizzle-orm/pg-core',
]

/**
 * drizzle in a handful of files, as the built processes have it. Its 300 modules take Node most of a second, and
 * each file of tests has a process of its own. Drivers stay outside: there is one of each.
 */
export async function bundleDrizzle(): Promise<{ find: RegExp; replacement: string }[]> {
  const { version } = JSON.parse(
    await readFile(join(PACKAGES, 'drizzle-orm', 'package.json'), 'utf8'),
  )
  const folder = join(PACKAGES, '.cache', 'tintype', `drizzle-orm-${version}`)
  await build({
    entryPoints: Object.fromEntries(PARTS.map((part) => [part, part])),
    absWorkingDir: ROOT,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    external: ['@neondatabase/serverless', 'pg'],
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'silent',
  })
  return PARTS.map((part) => ({
    find: new RegExp(`^${part}$`),
    replacement: join(folder, `${part}.mjs`),
  }))
}
