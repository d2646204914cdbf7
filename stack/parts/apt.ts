import { existsSync, rmSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../paths.ts'
import { runCommand } from '../run-command.ts'
import { INDEX_FORMAT, readArchives, sourceList } from './apt-sources.ts'

const folder = join(cacheFolder, 'apt')
const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }
const LOCK_WAIT_SECONDS = 300

/** Package lists of our own: the system's lists and sources stay as they are. */
const PRIVATE_LISTS = [
  `Dir::State::Lists=${join(folder, 'lists')}`,
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
  'Acquire::Languages=none',
  'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  'Acquire::IndexTargets::deb::CNF::DefaultEnabled=false',
  `DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`,
]
const PRIVATE_SOURCES = [
  `Dir::Etc::SourceList=${join(folder, 'sources.list')}`,
  'Dir::Etc::SourceParts=/dev/null',
]
const flags = (options: string[]) => options.flatMap((option) => ['-o', option])

type Context = { onLine?: (line: string) => void; cwd?: string }

const aptGet = (
  args: string[],
  context: Context = {},
  options = [...PRIVATE_LISTS, ...PRIVATE_SOURCES],
) => runCommand('apt-get', [...flags(options), ...args], { env: environment, ...context })

/** Writes the private source list from the mirror that the system uses, and fetches its package lists. */
async function update({ onLine }: Context) {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
  let archives = readArchives(await aptGet(['indextargets', '--format', INDEX_FORMAT], {}, []))
  if (archives.length === 0) {
    // A fresh image has no lists yet. Fetched into our folder they tell the same.
    await aptGet(['update'], { onLine }, PRIVATE_LISTS).catch(() => undefined)
    archives = readArchives(
      await aptGet(['indextargets', '--format', INDEX_FORMAT], {}, PRIVATE_LISTS),
    )
  }
  if (archives.length === 0) throw new Error('apt-get names no Debian or Ubuntu archive')
  await writeFile(join(folder, 'sources.list'), sourceList(archives))
  await aptGet(['update'], { onLine })
}

let updated: Promise<void> | undefined

/** Once per run, however many parts ask. */
export function updateLists(context: Context) {
  updated ??= update(context)
  return updated
}

export async function hasPackage(name: string) {
  const output = await runCommand('apt-cache', [
    ...flags([...PRIVATE_LISTS, ...PRIVATE_SOURCES]),
    'policy',
    name,
  ])
  const candidate = /Candidate: (\S+)/.exec(output)?.[1]
  return candidate !== undefined && candidate !== '(none)'
}

const POLICY = '/usr/sbin/policy-rc.d'
const OUR_POLICY =
  '#!/bin/sh\n# Written by Tintype while it installs packages; may be deleted.\nexit 101\n'
const CLUSTER_RULES = '/etc/postgresql-common/createcluster.d'
const OUR_RULE = join(CLUSTER_RULES, 'tintype.conf')

/** Services that packages bring along, which nobody asked for. */
const SERVICES: Record<string, string> = { postgresql: 'postgresql', nginx: 'nginx' }

/**
 * While packages are installed: no service is started (policy-rc.d says no) and no PostgreSQL cluster is made. Both
 * files are gone afterwards; a policy that the machine already has stays and counts.
 */
async function withoutServices(work: () => Promise<void>) {
  const stale = await readFile(POLICY, 'utf8').catch(() => undefined)
  const isOurs = stale === undefined || stale === OUR_POLICY
  if (isOurs) await writeFile(POLICY, OUR_POLICY, { mode: 0o755 })
  await mkdir(CLUSTER_RULES, { recursive: true })
  await writeFile(OUR_RULE, 'create_main_cluster = off\n')
  const cleanUp = () => {
    rmSync(OUR_RULE, { force: true })
    if (isOurs) rmSync(POLICY, { force: true })
  }
  const onSignal = () => {
    cleanUp()
    process.exit(130)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    await work()
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    cleanUp()
  }
}

async function disableAtBoot(service: string) {
  const helpers = [
    ['deb-systemd-helper', 'disable', `${service}.service`],
    ['update-rc.d', service, 'disable'],
  ]
  for (const [file = '', ...args] of helpers) {
    // Which of the two exists and applies depends on the init system; the other may fail.
    await runCommand(file, args, { env: environment }).catch(() => undefined)
  }
}

export async function installPackages(packages: string[], context: Context = {}) {
  if (packages.length === 0) return
  await updateLists(context)
  const added = packages.filter(
    (name) => SERVICES[name] && !existsSync(`/var/lib/dpkg/info/${name}.list`),
  )
  await withoutServices(async () => {
    await aptGet(['install', '-y', '--no-install-recommends', ...packages], context)
  })
  for (const name of added) await disableAtBoot(SERVICES[name] ?? name)
}

/** Fetches a package without installing it, and unpacks it into `target`. */
export async function unpackPackages(packages: string[], target: string, context: Context = {}) {
  await updateLists(context)
  await mkdir(target, { recursive: true })
  const downloads = join(folder, 'downloads')
  await rm(downloads, { recursive: true, force: true })
  await mkdir(downloads, { recursive: true })
  await aptGet(['download', ...packages], { ...context, cwd: downloads })
  await runCommand(
    '/bin/sh',
    ['-c', 'for deb in *.deb; do dpkg-deb -x "$deb" "$0"; done', target],
    {
      cwd: downloads,
    },
  )
}

export async function downloadSource(name: string, target: string, context: Context = {}) {
  await updateLists(context)
  await mkdir(target, { recursive: true })
  await aptGet(['source', '--download-only', name], { ...context, cwd: target })
}
