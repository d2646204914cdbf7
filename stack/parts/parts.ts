import { findBinary } from '../find-binary.ts'
import { findJemalloc } from './jemalloc.ts'
import type { Part } from './part.ts'
import { hasExtension, hasPostgres } from './postgres-extensions.ts'

export const MINIO_MODULE = 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c'

const onPath = (...names: string[]) => names.every((name) => findBinary(name) !== undefined)
const anyOnPath = (...names: string[]) => names.some((name) => findBinary(name) !== undefined)

export const parts: Part[] = [
  {
    name: 'postgres',
    title: 'PostgreSQL 15 or newer',
    url: 'DATABASE_URL',
    pointer: 'DATABASE_URL=postgres://…',
    isPresent: hasPostgres,
    apt: ['postgresql'],
    brew: ['postgresql@17'],
    byHand: { linux: 'sudo apt-get install postgresql', darwin: 'brew install postgresql@17' },
  },
  {
    name: 'pgvector',
    title: 'pgvector (or VectorChord) for PostgreSQL',
    url: 'DATABASE_URL',
    pointer: 'DATABASE_URL=postgres://… of one that has it',
    isPresent: () => hasExtension('vchord') || hasExtension('vector'),
    apt: [],
    brew: ['pgvector'],
    byHand: {
      linux: 'sudo apt-get install postgresql-<version>-pgvector, or build its source',
      darwin: 'brew install pgvector',
    },
  },
  {
    name: 'valkey',
    title: 'Valkey 8',
    url: 'VALKEY_URL',
    pointer: 'VALKEY_URL=redis://…',
    isPresent: () => anyOnPath('valkey-server', 'redis-server'),
    // The server itself is in this package too; `valkey-server` would add a service that starts at boot.
    apt: ['valkey-tools'],
    brew: ['valkey'],
    byHand: {
      linux: 'sudo apt-get install valkey-server (Debian 12: from bookworm-backports)',
      darwin: 'brew install valkey',
    },
  },
  {
    name: 'minio',
    title: 'MinIO',
    url: 'S3_ENDPOINT',
    pointer: 'S3_ENDPOINT=https://… with S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY',
    isPresent: () => onPath('minio'),
    apt: [],
    brew: [],
    byHand: {
      linux: `go install ${MINIO_MODULE}`,
      darwin: `go install ${MINIO_MODULE}`,
    },
  },
  {
    name: 'ffmpeg',
    title: 'ffmpeg',
    pointer: 'PATH with ffmpeg and ffprobe on it',
    isPresent: () => onPath('ffmpeg', 'ffprobe'),
    apt: ['ffmpeg'],
    brew: ['ffmpeg'],
    byHand: { linux: 'sudo apt-get install ffmpeg', darwin: 'brew install ffmpeg' },
  },
  {
    name: 'vips',
    title: 'libvips tools',
    pointer: 'PATH with vipsthumbnail on it',
    isPresent: () => onPath('vipsthumbnail'),
    apt: ['libvips-tools'],
    brew: ['vips'],
    byHand: { linux: 'sudo apt-get install libvips-tools', darwin: 'brew install vips' },
  },
  {
    name: 'jemalloc',
    title: 'jemalloc',
    pointer: 'nothing: without it the media worker takes more memory',
    isPresent: () => process.platform !== 'linux' || findJemalloc() !== undefined,
    apt: ['libjemalloc2'],
    brew: [],
    byHand: { linux: 'sudo apt-get install libjemalloc2', darwin: '' },
    isOptional: true,
  },
  {
    name: 'chromium',
    title: 'Chromium',
    pointer: 'CHROMIUM_PATH=/path/to/chromium',
    url: 'CHROMIUM_PATH',
    isPresent: () => anyOnPath('chromium', 'chromium-browser', 'google-chrome'),
    apt: ['chromium'],
    brew: ['--cask chromium'],
    byHand: { linux: 'sudo apt-get install chromium', darwin: 'brew install --cask chromium' },
    isForTests: true,
  },
  {
    name: 'nginx',
    title: 'nginx',
    pointer: 'PATH with nginx on it',
    isPresent: () => onPath('nginx'),
    apt: ['nginx', 'openssl'],
    brew: ['nginx'],
    byHand: { linux: 'sudo apt-get install nginx openssl', darwin: 'brew install nginx' },
    isForTests: true,
  },
]

type Wanted = { isTest?: boolean; environment?: NodeJS.ProcessEnv }

/** What has to be there and is not: neither given by a URL in the environment nor found on this machine. */
export function missingParts({ isTest = false, environment = process.env }: Wanted = {}) {
  return parts
    .filter((part) => isTest || !part.isForTests)
    .filter((part) => !(part.url && environment[part.url]))
    .filter((part) => !part.isPresent())
}
