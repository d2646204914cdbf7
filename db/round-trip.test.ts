import { eq, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  halfvec,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
  vector,
} from 'drizzle-orm/pg-core'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createTestDatabase } from '#test/helpers/database.ts'
import { createTestGateway } from '#test/helpers/gateway.ts'
import { atomically } from './atomically.ts'
import { bytea, instant } from './schema/columns.ts'

const interval = customType<{ data: string }>({ dataType: () => 'interval' })

const samples = pgTable('samples', {
  id: integer().primaryKey(),
  bytes: bytea(),
  whole: integer(),
  big: bigint({ mode: 'bigint' }),
  size: bigint({ mode: 'number' }),
  exact: numeric(),
  real: doublePrecision(),
  flag: boolean(),
  note: text(),
  tags: text().array(),
  numbers: integer().array(),
  ids: uuid().array(),
  bigs: bigint({ mode: 'bigint' }).array(),
  document: jsonb(),
  day: date(),
  wall: timestamp(),
  at: instant(),
  span: interval(),
})
const vectors = pgTable('vectors', {
  id: integer().primaryKey(),
  whole: vector({ dimensions: 3 }),
  half: halfvec({ dimensions: 3 }),
})

const database = await createTestDatabase()
const owner = new pg.Client({ connectionString: database.ownerUrl })
await owner.connect()
await owner.query(`create table samples (id int primary key, bytes bytea, whole int, big bigint, size bigint,
  exact numeric, real double precision, flag boolean, note text, tags text[], numbers int[], ids uuid[], bigs bigint[],
  document jsonb, day date, wall timestamp, at timestamptz, span interval)`)
const { rows: found } = await owner.query("select from pg_extension where extname = 'vector'")
const hasVector = found.length > 0
if (hasVector)
  await owner.query('create table vectors (id int primary key, whole vector(3), half halfvec(3))')
else console.log('skipped: vector and halfvec, since pgvector is not installed in this Postgres')
await owner.end()

const gateway = await createTestGateway(database)
const drivers = [
  { name: 'neon-http', db: gateway.db },
  { name: 'node-postgres', db: database.db },
]

const odd = [
  '',
  'NULL',
  'null',
  'a,b',
  '"quoted"',
  "it's",
  'back\\slash',
  '{curly}',
  ' space ',
  'line\nbreak',
  '🦆 Ä',
]

const VALUES: Omit<typeof samples.$inferInsert, 'id'>[] = [
  { bytes: new Uint8Array([0, 1, 92, 120, 127, 128, 255]) },
  { bytes: new Uint8Array() },
  { whole: -2147483648 },
  { big: 2n ** 53n + 1n },
  { big: -(2n ** 63n) },
  { size: Number.MAX_SAFE_INTEGER },
  { exact: '12345678901234567890.123456789' },
  { real: 0.1 + 0.2 },
  { real: 5e-324 },
  { flag: false },
  { note: '' },
  { note: odd.join('|') },
  { tags: [] },
  { tags: odd },
  { numbers: [1, -2, 2147483647] },
  { ids: ['01a1fd47-80b0-7dbe-8eab-9e1d810c2dfa'] },
  { bigs: [2n ** 53n + 1n, 0n] },
  { document: { odd, deep: { list: [1, 2.5, null, true], empty: {} } } },
  { document: [] },
  { document: 'just text' },
  { document: 7 },
  { day: '2024-02-29' },
  { day: '0001-01-01' },
  { wall: new Date('2024-03-31T02:30:00.123Z') },
  { at: new Date('2024-10-27T01:30:00.456Z') },
  { at: new Date('1899-12-31T23:59:59.999Z') },
  { span: '1 year 2 mons 3 days 04:05:06.789' },
]

let nextId = 0

describe.each(drivers)('$name', ({ db }) => {
  test.each(VALUES)('stores and reads %o', async (value) => {
    const id = ++nextId

    const [[returned]] = await atomically(db, (q) => [
      q
        .insert(samples)
        .values({ id, ...value })
        .returning(),
    ])
    const [selected] = await db.select().from(samples).where(eq(samples.id, id))

    expect(plain(selected)).toMatchObject(plain(value) as object)
    expect(plain(returned)).toEqual(plain(selected))
  })

  test('reads null as null', async () => {
    const id = ++nextId

    await db.insert(samples).values({ id })

    const [selected] = await db.select().from(samples).where(eq(samples.id, id))
    const { id: _, ...others } = selected ?? { id: 0 }
    expect(new Set(Object.values(others))).toEqual(new Set([null]))
  })

  test('compares with parameters of raw SQL', async () => {
    const { rows } = await db.execute<Record<string, boolean>>(sql`select
      ${'2024-10-27T01:30:00.456Z'}::timestamptz = '2024-10-27 03:30:00.456+02' as instant,
      ${'x,"y'}  = any(${sql.param(odd.concat('x,"y'))}::text[]) as member,
      ${9007199254740993n}::bigint = 9007199254740993 as big,
      ${null}::text is null as nothing,
      ${true}::boolean as truth,
      ${JSON.stringify({ a: [1] })}::jsonb = '{"a":[1]}' as document`)

    expect(new Set(Object.values(rows[0] ?? {}))).toEqual(new Set([true]))
  })

  test.runIf(hasVector)('stores and reads vector and halfvec', async () => {
    const id = ++nextId

    await db.insert(vectors).values({ id, whole: [1, -0.5, 3e-7], half: [0.5, -2, 65504] })

    const [selected] = await db.select().from(vectors).where(eq(vectors.id, id))
    expect(selected).toEqual({ id, whole: [1, -0.5, 3e-7], half: [0.5, -2, 65504] })
  })

  test('reads raw rows the same: numbers beyond 2^53 and times as text', async () => {
    const { rows, rowCount } = await db.execute(sql`
      select 7::int as n, 9007199254740993::bigint as big, '2024-01-01Z'::timestamptz as at, '{"a":1}'::jsonb as document`)

    expect(rowCount).toBe(1)
    expect(rows).toEqual([
      { n: 7, big: '9007199254740993', at: '2024-01-01 00:00:00+00', document: { a: 1 } },
    ])
  })
})

test('what one driver wrote, the other reads the same', async () => {
  const byHttp = gateway.db.select().from(samples).orderBy(samples.id)
  const byPg = database.db.select().from(samples).orderBy(samples.id)

  expect(plain(await byHttp)).toEqual(plain(await byPg))
})

/** Buffers are Uint8Arrays to the code; to the comparison they are not. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}
