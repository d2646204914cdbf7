import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '#contracts/new-id.ts'
import { createTestEdge, type TestUser } from '#test/helpers/edge.ts'
import { assetForm } from '#test/helpers/forms.ts'
import { app } from '../../edge/app.ts'
import { accessOf, describeRoutes } from '../../edge/openapi/document.ts'
import { type Ask, CASES, ELSEWHERE, type Named } from './cases.ts'
import { fillLibrary, idsOf, type Library, STATES, type State, snapshotOf } from './library.ts'

/** Stands in for the Hub and writes down what it is told. */
const told: string[] = []
const hub = createServer(async (request, response) => {
  told.push(Buffer.concat(await request.toArray()).toString())
  response.writeHead(204).end()
})
await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve))
afterAll(() => void hub.close())
const { port } = hub.address() as AddressInfo

const edge = await createTestEdge({ HUB_URL: `http://127.0.0.1:${port}` })
let bob: TestUser
let theirs: Library
let own: Named

function named(library: Library, state: State): Named {
  const { id: asset, ...rest } = library.of(state)
  const { person, otherPerson, album, upload, inboxKey, owner, apiKey, session, word } = library
  return {
    ...{ ...rest, asset, person, otherPerson, album, upload, inboxKey },
    albumName: `${word} album`,
    motion: library.of('motion').id,
    ...{ apiKey: apiKey.apiKey.id, session: session.id, user: owner.id },
  }
}

/** Of the same form, and nobody's. */
const nobodys = (): Named => {
  const ids = [
    'asset',
    'face',
    'motion',
    'person',
    'otherPerson',
    'album',
    'upload',
    'apiKey',
    'session',
    'user',
  ]
  const user = newId()
  return {
    ...(Object.fromEntries(ids.map((name) => [name, newId()])) as Named), // with the rest below
    checksum: randomBytes(20).toString('base64'),
    originalKey: `upload/${user}/a.mp4`,
    derivativeKey: `thumbs/${user}/a.jpeg`,
    ...{ word: 'Nowhere', albumName: 'Nowhere album', inboxKey: `inbox/${user}/a.jpg` },
  }
}

beforeAll(async () => {
  bob = await edge.newUser()
  theirs = await fillLibrary(edge, await edge.newUser(), 'Secret')
  own = named(await fillLibrary(edge, bob, 'Bobs'), 'active')
  await edge.settled()
  told.length = 0
  untouched = await snapshotOf(edge, theirs)
})

const routes = describeRoutes(app.routes)
  .map((route) => ({ ...route, name: `${route.method} ${route.path}` }))
  .filter((route) => accessOf(route) !== undefined && accessOf(route)?.kind !== 'public')
const forUsers = routes.filter((route) => accessOf(route)?.kind === 'user')
const forAdmins = routes.filter((route) => accessOf(route)?.kind === 'admin')

let untouched: Awaited<ReturnType<typeof snapshotOf>>
async function expectUntouched() {
  const before = untouched
  // One failure is told once.
  untouched = await snapshotOf(edge, theirs)
  expect(untouched).toEqual(before)
}

type Sent = { method: string; path: string }
function send(user: TestUser, { method, path }: Sent, { id, query, body, form }: Ask) {
  // No member of theirs is undefined.
  const search = query ? `?${new URLSearchParams(query as Record<string, string>)}` : ''
  return edge.as(user).request(path.replace(/:\w+(\{[^}]*\})?/, id ?? newId()) + search, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form && { body: assetForm({ fields: form }) }),
  })
}

/** What differs from one request to the next whoever is asked about. */
const withoutNames = (text: string) =>
  text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replace(/"(url|checksum|x-amz-checksum-sha1|mergedInto)":"[^"]*"/g, '"$1":"…"')
    .replace(/Secret\w*|Nowhere/g, '<word>')

/** Who has a file knows its checksum: what Bob announced once he may be told again. */
const announced = new Set<string>()

/** What an answer must not contain, unless the question did. */
function secretsBeyond(ask: Ask): string[] {
  const asked = JSON.stringify(ask)
  for (const { checksum } of theirs.assets) if (asked.includes(checksum)) announced.add(checksum)
  return [theirs.word, ...idsOf(theirs), ...theirs.assets.map(({ checksum }) => checksum)].filter(
    (secret) => !asked.includes(secret) && !announced.has(secret),
  )
}

/** What names no asset is the same in each state. */
function triedWith(state: State) {
  const [some, others] = [nobodys(), nobodys()]
  const { asset, face, checksum, originalKey, derivativeKey, word } = others
  const another = { ...some, asset, face, checksum, originalKey, derivativeKey, word }
  const asked = (name: string, of: Named) => JSON.stringify(CASES[name]?.(of, some))
  return forUsers
    .filter(({ name }) => CASES[name])
    .filter(({ name }) => state === 'active' || asked(name, some) !== asked(name, another))
}

test('every route that users may ask is tried', () => {
  const tried = [...Object.keys(CASES), ...Object.keys(ELSEWHERE)].sort()

  expect(forUsers.map(({ name }) => name).sort()).toEqual(tried)
})

// Whether it is half of a live photo is its owner's affair.
const TRIED = STATES.filter((state) => state !== 'still' && state !== 'motion')

describe.each(TRIED)('with an asset that is %s', (state) => {
  test.each(triedWith(state))(
    '$name tells and changes nothing of somebody else',
    async ({ name, ...route }) => {
      const asks = CASES[name]?.(named(theirs, state), own) ?? []
      const same = CASES[name]?.(nobodys(), own) ?? []
      for (const [at, ask] of asks.entries()) {
        const answer = await send(bob, route, ask)
        const text = await answer.text()
        for (const secret of secretsBeyond(ask)) expect(text).not.toContain(secret)
        const missing = same[at]
        if (!missing || JSON.stringify(missing) === JSON.stringify(ask)) continue
        const answerToMissing = await send(bob, route, missing)
        expect([answer.status, withoutNames(text)]).toEqual([
          answerToMissing.status,
          withoutNames(await answerToMissing.text()),
        ])
      }

      await expectUntouched()
    },
  )
})

test.each(forAdmins)('$name tells and changes nothing for an ordinary user', async (route) => {
  const answer = await send(bob, route, { id: theirs.owner.id })

  expect(answer.status).toBe(403)
  expect(await answer.json()).toEqual({ message: 'Forbidden' })
  await expectUntouched()
})

test('nobody was told anything of somebody else by all this', async () => {
  await edge.settled()

  expect(told.length).toBeGreaterThan(0)
  for (const message of told)
    for (const secret of [theirs.owner.id, ...idsOf(theirs)]) expect(message).not.toContain(secret)
})
