import { expect, test } from 'vitest'
import { readArchives, sourceList } from './apt-sources.ts'
import { parseGoVersion } from './build-minio.ts'
import { explainMissing } from './explain-missing.ts'
import { packageManager } from './install.ts'
import { missingParts, parts } from './parts.ts'

const INDEX = `
http://mirror.lan/debian/|bookworm|oldstable|Debian|main|Packages
http://mirror.lan/debian/|bookworm|oldstable|Debian|main|Translations
http://mirror.lan/debian/|bookworm-updates|oldstable-updates|Debian|main|Packages
http://mirror.lan/debian-security/|bookworm-security|oldstable-security|Debian|main|Packages
https://packages.example/node|nodistro|nodistro|. nodistro|main|Packages
http://mirror.lan/debian/|bookworm|oldstable|Debian|main|Packages
`

test('the private source list has the mirror of the system, and nobody else’s archives', () => {
  expect(sourceList(readArchives(INDEX))).toBe(
    [
      'deb http://mirror.lan/debian/ bookworm main',
      'deb http://mirror.lan/debian/ bookworm-updates main',
      'deb http://mirror.lan/debian-security/ bookworm-security main',
      'deb http://mirror.lan/debian/ bookworm-backports main',
      'deb-src http://mirror.lan/debian/ trixie main',
      '',
    ].join('\n'),
  )
})

test('backports that the system has already are not listed twice', () => {
  const more = `${INDEX}http://mirror.lan/debian/|bookworm-backports|oldstable-backports|Debian|main|Packages\n`

  const lines = sourceList(readArchives(more)).split('\n')

  expect(lines.filter((line) => line.includes('bookworm-backports'))).toHaveLength(1)
})

test('on another release there is nothing to add', () => {
  const noble = 'http://mirror.lan/ubuntu/|noble|noble|Ubuntu|universe|Packages'

  expect(sourceList(readArchives(noble))).toBe('deb http://mirror.lan/ubuntu/ noble universe\n')
})

test('a system without package lists names no archive', () => {
  expect(readArchives('')).toEqual([])
})

test('the message names each missing part, how to get it, and what points to an existing one', () => {
  const missing = parts.filter(({ name }) => name === 'valkey' || name === 'minio')

  const message = explainMissing(missing, 'linux', 'it does not run as root')

  expect(
    message,
  ).toBe(`Tintype needs parts that this machine lacks, and cannot install them: it does not run as root.

  Valkey 8
      get it:         sudo apt-get install valkey-server (Debian 12: from bookworm-backports)
      or point to it: VALKEY_URL=redis://…
  MinIO
      get it:         go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
      or point to it: S3_ENDPOINT=https://… with S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY

Run the same command again afterwards.`)
})

test.each(parts.map((part) => [part.name, part] as const))(
  '%s can be had by hand and pointed to',
  (_, part) => {
    expect(part.byHand.linux).not.toBe('')
    expect(part.pointer).not.toBe('')
  },
)

test('a URL in the environment stands for the part', () => {
  const environment = {
    DATABASE_URL: 'postgres://db.lan/photos',
    VALKEY_URL: 'redis://cache.lan',
    S3_ENDPOINT: 'https://s3.lan',
  }

  const names = missingParts({ environment }).map(({ name }) => name)

  expect(names).not.toContain('postgres')
  expect(names).not.toContain('pgvector')
  expect(names).not.toContain('valkey')
  expect(names).not.toContain('minio')
})

test('without root nothing is installed', () => {
  expect(packageManager('linux', 1000)).toEqual({ reason: 'it does not run as root' })
})

test.each([
  ['go version go1.26.8 linux/amd64', [1, 26]],
  ['go version go1.23.5 linux/amd64', [1, 23]],
  ['nonsense', undefined],
])('%s is Go %j', (output, expected) => {
  expect(parseGoVersion(output)).toEqual(expected)
})
