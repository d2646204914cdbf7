import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { atomically } from './atomically.ts'
import { violates } from './database-error.ts'
import { configureNeon, connectNeon } from './neon.ts'
import { sessions, users } from './schema/tables.ts'

const { GATEWAY_URL, GATEWAY_SECRET } = env as unknown as Record<string, string>

configureNeon({ fetch: (url, init) => fetch(url, init), endpoint: `${GATEWAY_URL}/sql` })
const connect = (timeoutMs = 10_000) => connectNeon({ authToken: GATEWAY_SECRET, timeoutMs })

const userOf = (id: UserId) => ({ id, email: `${id}@test.invalid`, name: 'In workerd' })

test('bytes, times and big numbers come back as they went', async () => {
  const userId = newId<UserId>()
  const tokenHash = new Uint8Array([0, 92, 255])
  const expiresAt = new Date('2030-01-02T03:04:05.678Z')

  const [, [inserted]] = await atomically(connect(), (q) => [
    q.insert(users).values({ ...userOf(userId), quotaSizeBytes: Number.MAX_SAFE_INTEGER }),
    q.insert(sessions).values({ id: newId(), userId, tokenHash, expiresAt }).returning(),
  ])

  expect(inserted?.expiresAt).toEqual(expiresAt)
  expect([...(inserted?.tokenHash ?? [])]).toEqual([...tokenHash])
  const [user] = await connect().select().from(users).where(eq(users.id, userId))
  expect(user?.quotaSizeBytes).toBe(Number.MAX_SAFE_INTEGER)
})

test('a batch that fails leaves nothing and names the constraint', async () => {
  const userId = newId<UserId>()

  const failure = await atomically(connect(), (q) => [
    q.insert(users).values(userOf(userId)),
    q.insert(users).values(userOf(userId)),
  ]).catch((error: unknown) => error)

  expect(violates(failure, 'users_pkey')).toBe(true)
  expect(await connect().select().from(users).where(eq(users.id, userId))).toEqual([])
})

test('a statement is given up at its time limit', async () => {
  const startedAt = Date.now()

  const failure = await connect(100)
    .execute(sql`select pg_sleep(5)`)
    .catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(Error)
  expect(Date.now() - startedAt).toBeLessThan(3_000)
})
