import { expect, test, vi } from 'vitest'
import { newId } from '#contracts/new-id.ts'
import { createTestEdge } from '#test/helpers/edge.ts'
import { type Ask, CASES, type Named } from './cases.ts'
import { fillLibrary } from './library.ts'

// Some two hundred requests, and two libraries.
vi.setConfig({ testTimeout: 90_000 })

/** Of everybody: the list of users, and how full the disk is. */
const OF_EVERYBODY = ['GET /api/users', 'GET /api/server/storage']
const READING = /^GET |^POST \/api\/(search\/(?!random)|assets\/(states|bulk-upload-check))/

const ids = ['asset', 'face', 'motion', 'person', 'otherPerson', 'album', 'upload', 'apiKey']
const nobodys = {
  ...Object.fromEntries([...ids, 'session', 'user'].map((name) => [name, newId()])),
  ...{ checksum: Buffer.alloc(20, 7).toString('base64'), word: 'Secret' },
  ...{ originalKey: 'a', derivativeKey: 'b', albumName: 'Secret album', inboxKey: 'inbox/a' },
} as Named

const edge = await createTestEdge()
const newcomer = await edge.newUser()

async function ask(name: string, { id, query, body }: Ask) {
  const [method = '', path = ''] = name.split(' ')
  const search = new URLSearchParams(query as Record<string, string>) // none is undefined
  const response = await edge.as(newcomer).request(`${path.replace(':id', id ?? '')}?${search}`, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return [name, JSON.stringify({ query, body }), response.status, await response.text()]
}

async function everyAnswer() {
  const names = Object.keys(CASES).filter((name) => READING.test(name))
  const asks = names
    .filter((name) => !OF_EVERYBODY.includes(name))
    .flatMap((name) => (CASES[name]?.(nobodys, nobodys) ?? []).map((one) => ({ name, one })))
  const answers: unknown[] = []
  for (const { name, one } of asks) answers.push(await ask(name, one))
  return answers
}

test('lists, counts and suggestions are the same before and after somebody else has come', async () => {
  // Its models are not one user's: what was seen first opens the space that all search.
  await fillLibrary(edge, edge.admin, 'Other')
  const before = await everyAnswer()

  await fillLibrary(edge, await edge.newUser(), 'Secret')

  expect(before.length).toBeGreaterThan(80)
  expect(await everyAnswer()).toEqual(before)
})
