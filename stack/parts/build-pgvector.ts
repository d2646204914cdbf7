import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../paths.ts'
import { runCommand } from '../run-command.ts'
import type { Note } from '../steps.ts'
import { downloadSource, hasPackage, installPackages, unpackPackages } from './apt.ts'
import { pgConfig, postgresMajor } from './postgres-extensions.ts'

const folder = join(cacheFolder, 'pgvector')

/**
 * The headers are unpacked into `.tintype/`, not installed: the package depends on the newest server, and replacing
 * a PostgreSQL that may be running is not ours to do. This pg_config answers with their place there.
 */
const pgConfigIn = (headers: string, real: string) => `#!/bin/sh
case "$1" in
  --includedir|--pkgincludedir|--includedir-server) echo "${headers}$(${real} "$1")" ;;
  *) exec ${real} "$@" ;;
esac
`

async function compilers() {
  const needed = { gcc: 'gcc', make: 'make' }
  const missing = Object.entries(needed).filter(([file]) => !existsSync(`/usr/bin/${file}`))
  const headers = existsSync('/usr/include/stdio.h') ? [] : ['libc6-dev']
  return [...missing.map(([, name]) => name), ...headers]
}

async function build(major: number, note: Note) {
  const onLine = note
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await installPackages(await compilers(), { onLine })
  const headers = join(folder, 'headers')
  await unpackPackages([`postgresql-server-dev-${major}`, 'libpq-dev'], headers, { onLine })
  await downloadSource('pgvector', folder, { onLine })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.orig.tar.gz'))
  if (!archive) throw new Error('the source package of pgvector has no archive')
  const source = join(folder, 'source')
  await mkdir(source)
  await runCommand('tar', ['xzf', join(folder, archive), '-C', source, '--strip-components=1'])

  const script = join(folder, 'pg_config')
  const real = `/usr/lib/postgresql/${major}/bin/pg_config`
  await writeFile(script, pgConfigIn(headers, real))
  await chmod(script, 0o755)
  // OPTFLAGS: no `-march=native`, so that the folder may move to another machine. LLVM only serves the JIT.
  const make = [`PG_CONFIG=${script}`, 'OPTFLAGS=', 'with_llvm=no']
  await runCommand('make', [`-j${availableParallelism()}`, ...make], { cwd: source, onLine })
  await runCommand('make', ['install', ...make], { cwd: source, onLine })
}

/** As a package where there is one, else from the source package. Says where the files went. */
export async function installPgvector(note: Note) {
  const major = postgresMajor()
  if (!major) throw new Error('pgvector needs PostgreSQL, which is not there')
  const name = `postgresql-${major}-pgvector`
  await installPackages([], { onLine: note })
  if (await hasPackage(name)) await installPackages([name], { onLine: note })
  else await build(major, note)
  return `pgvector is in ${pgConfig('sharedir')}/extension and ${pgConfig('pkglibdir')}`
}
