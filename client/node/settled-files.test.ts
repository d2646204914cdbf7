import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHashStore } from './file-store.ts'
import { createQuietFiles } from './quiet-files.ts'
import { keyOfPath, openSettledFiles } from './settled-files.ts'

async function setup() {
  const root = await mkdtemp(join(tmpdir(), 'tintype-settled-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const folder = join(root, 'state')
  return {
    path: join(folder, 'file'),
    /** Nothing can be written, as on a full disk. */
    loseDisk: () => rename(folder, join(root, 'away')),
    findDisk: () => rename(join(root, 'away'), folder),
  }
}

const facts = { sizeBytes: 10, modifiedAtMs: 20 }

test('what was settled while nothing could be written is written later', async () => {
  const { path, loseDisk, findDisk } = await setup()
  const settled = await openSettledFiles(path, 'ada')
  await loseDisk()
  settled.add(keyOfPath('a.jpg'), facts)
  await settled.flush()
  settled.beginScan()
  settled.has(keyOfPath('a.jpg'), facts)
  await settled.forgetUnseen()
  await findDisk()
  settled.add(keyOfPath('b.jpg'), facts)
  await settled.flush()

  const again = await openSettledFiles(path, 'ada')

  expect(again.count).toBe(2)
  expect(again.has(keyOfPath('a.jpg'), facts)).toBe(true)
})

test('an import goes on while its hashes cannot be written, and keeps them for later', async () => {
  const { path, loseDisk, findDisk } = await setup()
  const store = createHashStore(path)
  const record = (fingerprint: string) => ({
    ...{ id: fingerprint, fingerprint, name: 'a.jpg', ...facts },
    ...{ addedAtMs: 0, hash: { checksum: fingerprint } },
  })
  await loseDisk()
  await store.put([record('one')])
  await findDisk()
  await store.put([record('two')])

  const again = createHashStore(path)

  expect(await again.findHash('one')).toEqual({ checksum: 'one' })
  expect(await again.findHash('two')).toEqual({ checksum: 'two' })
})

test.each([
  ['ours', true],
  ["another machine's", false],
] as const)('an old time of change counts by a clock that is %s', (_, isOurClock) => {
  const quiet = createQuietFiles(1000, { isOurClock })
  const look = { ...facts, changedAtMs: Date.now() - 3_600_000 }

  const isQuiet = quiet.isQuiet('a', Buffer.from('a.jpg'), look)

  expect(isQuiet).toBe(isOurClock)
})
