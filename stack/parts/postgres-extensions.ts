import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findBinary } from '../find-binary.ts'

/** The oldest PostgreSQL that the schema's functions run on. */
const OLDEST_MAJOR = 15

export function postgresMajor(postgres = findBinary('postgres')) {
  if (!postgres) return undefined
  const { stdout } = spawnSync(postgres, ['--version'], { encoding: 'utf8' })
  const major = Number(/\s(\d+)/.exec(stdout ?? '')?.[1])
  return Number.isInteger(major) ? major : undefined
}

export function hasPostgres() {
  const major = postgresMajor()
  return major !== undefined && major >= OLDEST_MAJOR && findBinary('initdb') !== undefined
}

export function pgConfig(what: string) {
  const postgres = findBinary('postgres')
  const beside = postgres && join(dirname(postgres), 'pg_config')
  const file = beside && existsSync(beside) ? beside : (findBinary('pg_config') ?? '')
  const { stdout, status } = spawnSync(file || 'pg_config', [`--${what}`], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

export function hasExtension(name: string) {
  const shared = pgConfig('sharedir')
  return shared !== undefined && existsSync(join(shared, 'extension', `${name}.control`))
}
