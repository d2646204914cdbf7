import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTestFolder } from '../tools/test-media.suite.ts'
import { openTempFolder } from './temp-folder.ts'

const NO_PROCESS = '999999999'

test('what dead processes left behind goes at the start, what lives stays', async () => {
  const root = await createTestFolder()
  for (const pid of [NO_PROCESS, String(process.pid), String(process.ppid)]) {
    await mkdir(join(root, pid))
    await writeFile(join(root, pid, 'left'), 'bytes')
  }

  const temp = await openTempFolder(root)

  expect((await readdir(root)).sort()).toEqual([String(process.pid), String(process.ppid)].sort())
  expect(await readdir(temp.path)).toEqual([])
})

test('a job’s folder goes with the job', async () => {
  const temp = await openTempFolder(await createTestFolder())
  {
    await using folder = await temp.newFolder()
    await writeFile(join(folder.path, 'a'), 'bytes')
  }

  expect(await readdir(temp.path)).toEqual([])
})
