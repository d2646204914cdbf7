import { readFileSync, writeFileSync } from 'node:fs'

type Entry = {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}
export type Lockfile = { packages: Record<string, Entry> }

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/
const SYSTEMS = [
  'darwin',
  'linux',
  'win32',
  'windows',
  'android',
  'freebsd',
  'openbsd',
  'netbsd',
  'sunos',
  'aix',
  'openharmony',
]
const PROCESSORS = [
  'arm64',
  'x64',
  '64',
  'arm',
  'ia32',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
]

/** `@scope/tool-linux-x64-musl` → what npm compares with this machine before it fetches. */
function platformOf(name: string) {
  const words = name.split(/[/-]/)
  const system = SYSTEMS.find((candidate) => words.includes(candidate))
  const processor = PROCESSORS.find((candidate) => words.includes(candidate))
  return {
    os: [system === 'windows' ? 'win32' : (system ?? 'none')],
    cpu: [processor === '64' ? 'x64' : (processor ?? 'wasm32')],
    ...(words.includes('musl') && { libc: ['musl'] }),
  }
}

/** Node's own rule: from the dependent's folder upwards, the first one found counts. */
function resolved(packages: Lockfile['packages'], dependent: string, name: string) {
  const parts = dependent.split('/node_modules/')
  const folders = parts.map((_, index) =>
    parts.slice(0, parts.length - index).join('/node_modules/'),
  )
  return [...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`]
    .map((path) => packages[path])
    .find(Boolean)
}

/**
 * `npm ci` refuses a lockfile in which an optional dependency for another platform is missing, and npm writes such
 * a file where the registry at hand has not all of them. Names and exact versions stand in the dependent's entry.
 */
export function completeLockfile(lockfile: Lockfile): Lockfile {
  const packages = { ...lockfile.packages }
  for (const [dependent, entry] of Object.entries(lockfile.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!EXACT.test(version) || resolved(packages, dependent, name)?.version === version) continue
      const top = `node_modules/${name}`
      const path = packages[top] ? `${dependent}/${top}` : top
      packages[path] = {
        version,
        ...platformOf(name),
        ...(entry.dev && { dev: true }),
        optional: true,
      }
    }
  }
  return { ...lockfile, packages: Object.fromEntries(Object.entries(packages).sort(byPath)) }
}

function byPath([a]: [string, Entry], [b]: [string, Entry]) {
  return a.localeCompare(b, 'en')
}

if (import.meta.main) {
  const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const complete = completeLockfile(lockfile)
  const added = Object.keys(complete.packages).length - Object.keys(lockfile.packages).length
  writeFileSync('package-lock.json', `${JSON.stringify(complete, null, 2)}\n`)
  console.log(`package-lock.json: ${added} optional packages of other platforms added`)
}
