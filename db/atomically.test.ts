import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { createTestDatabase } from '#test/helpers/database.ts'
import { atomically } from './atomically.ts'
import { users } from './schema/tables.ts'

const { db } = await createTestDatabase()

test('answers with the results of all statements, in order', async () => {
  const id = newId<UserId>()

  const [inserted, raw, found] = await atomically(db, (q) => [
    q
      .insert(users)
      .values({ id, email: `${id}@test.invalid`, name: 'A' })
      .returning({ id: users.id }),
    q.execute<{ two: number }>(sql`select 1 + 1 as two`),
    q.select({ name: users.name }).from(users).where(eq(users.id, id)),
  ])

  expect([inserted, raw.rows, found]).toEqual([[{ id }], [{ two: 2 }], [{ name: 'A' }]])
})
