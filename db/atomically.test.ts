import { eq, inArray, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { atomically } from './atomically.ts'
import { databaseErrorOf, violates } from './database-error.ts'
import { users } from './schema/tables.ts'

const database = await createTestDatabase()
const gateway = await createTestGateway(database)

const userOf = (id: UserId, email = `${id}@test.invalid`) => ({ id, email, name: 'A' })

describe.each([
  { name: 'neon-http', db: gateway.db },
  { name: 'node-postgres', db: database.db },
])('$name', ({ db }) => {
  test('answers with the results of all statements, in order', async () => {
    const id = newId<UserId>()

    const [inserted, raw, found] = await atomically(db, (q) => [
      q.insert(users).values(userOf(id)).returning({ id: users.id }),
      q.execute<{ two: number }>(sql`select 1 + 1 as two`),
      q.select({ name: users.name }).from(users).where(eq(users.id, id)),
    ])

    expect([inserted, raw.rows, found]).toEqual([[{ id }], [{ two: 2 }], [{ name: 'A' }]])
  })

  test('leaves nothing when one statement fails, and tells which constraint', async () => {
    const [first, second] = [newId<UserId>(), newId<UserId>()]

    const failure = await atomically(db, (q) => [
      q.insert(users).values(userOf(first)),
      q.insert(users).values(userOf(second, userOf(first).email)),
    ]).catch((error: unknown) => error)

    expect(violates(failure, 'users_email_key')).toBe(true)
    expect(violates(failure, 'users_pkey')).toBe(false)
    expect(databaseErrorOf(failure)?.code).toBe('23505')
    expect(
      await db
        .select()
        .from(users)
        .where(inArray(users.id, [first, second])),
    ).toEqual([])
  })

  test('runs no statements without complaint', async () => {
    expect(await atomically(db, () => [])).toEqual([])
  })

  test('gives single statements their error too', async () => {
    const id = newId<UserId>()
    await db.insert(users).values(userOf(id))

    const failure = await db
      .insert(users)
      .values(userOf(id, 'other@test.invalid'))
      .catch((error: unknown) => error)

    expect(violates(failure, 'users_pkey')).toBe(true)
  })

  test('tries again when Postgres ended it to undo a deadlock', async () => {
    const [first, second] = [newId<UserId>(), newId<UserId>()]
    await db.insert(users).values([userOf(first), userOf(second)])
    const rename = (name: string, order: UserId[]) =>
      atomically(db, (q) =>
        order.flatMap((id) => [
          q.update(users).set({ name }).where(eq(users.id, id)),
          q.execute(sql`select pg_sleep(0.2)`),
        ]),
      )

    await Promise.all([rename('one', [first, second]), rename('other', [second, first])])

    const names = await db
      .select({ name: users.name })
      .from(users)
      .where(inArray(users.id, [first, second]))
    expect(new Set(names.map(({ name }) => name)).size).toBe(1)
  })
})

test('an error that is none of Postgres has no code', () => {
  expect(databaseErrorOf(new Error('no', { cause: { code: 'ECONNREFUSED' } }))).toBeUndefined()
})
