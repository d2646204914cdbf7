import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { findBinary } from '../find-binary.ts'
import { cachedBinaries } from '../paths.ts'
import { runCommand } from '../run-command.ts'
import type { Note } from '../steps.ts'
import { installPackages } from './apt.ts'
import { MINIO_MODULE } from './parts.ts'

/** From this one on, Go fetches the newer toolchain that MinIO asks for by itself. */
const OLDEST_GO = [1, 21] as const
const WANTED_GO = [1, 24] as const
const BACKPORTS_GO = { package: 'golang-1.23-go', folder: '/usr/lib/go-1.23/bin' }

type Version = readonly [number, number]

export function parseGoVersion(output: string): Version | undefined {
  const match = /go(\d+)\.(\d+)/.exec(output)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

const isAtLeast = ([major, minor]: Version, [wantedMajor, wantedMinor]: Version) =>
  major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)

const goCandidates = () =>
  [findBinary('go'), findBinary('go', ['/usr/local/go/bin', BACKPORTS_GO.folder])].filter(
    (path): path is string => path !== undefined,
  )

/** GOTOOLCHAIN=local makes the version name the installed one, not one that a `go.mod` nearby asks for. */
function versionOf(go: string) {
  const env = { ...process.env, GOTOOLCHAIN: 'local' }
  return parseGoVersion(spawnSync(go, ['version'], { encoding: 'utf8', env }).stdout ?? '')
}

export function findGo() {
  for (const go of goCandidates()) {
    const version = versionOf(go)
    if (version && isAtLeast(version, OLDEST_GO))
      return { go, isNew: isAtLeast(version, WANTED_GO) }
  }
  return undefined
}

export async function installGo(note: Note) {
  await installPackages([BACKPORTS_GO.package], { onLine: note }).catch(async (error) => {
    // Newer distributions carry a newer Go under its plain name.
    await installPackages(['golang-go'], { onLine: note }).catch(() => {
      throw error
    })
  })
}

export async function buildMinio(note: Note) {
  const found = findGo()
  if (!found) throw new Error('MinIO is built with Go 1.21 or newer, which is not there')
  await mkdir(cachedBinaries, { recursive: true })
  note('fetching its modules, then compiling; 2 to 3 minutes')
  // The compiler says nothing.
  let quiet: NodeJS.Timeout | undefined
  await runCommand(found.go, ['install', '-trimpath', '-ldflags=-s -w', MINIO_MODULE], {
    env: {
      ...process.env,
      GOBIN: cachedBinaries,
      CGO_ENABLED: '0',
      // Machines may pin `local`; MinIO's go.mod names a version that Go then fetches.
      ...(found.isNew ? {} : { GOTOOLCHAIN: 'auto' }),
    },
    onLine: (line) => {
      clearTimeout(quiet)
      note(line.replace(/^go: /, ''))
      quiet = setTimeout(() => note('compiling'), 3000)
    },
  }).finally(() => clearTimeout(quiet))
}
