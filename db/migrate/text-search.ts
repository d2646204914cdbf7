import type pg from 'pg'

/** Text that people look into, with the condition under which a row has any. */
const SEARCHED = [
  { table: 'assets', column: 'original_file_name', where: '' },
  { table: 'asset_exif', column: 'description', where: `where description <> ''` },
  { table: 'people', column: 'name', where: `where name <> ''` },
]

/**
 * Makes the search in names and descriptions as good as the extensions allow: `search_text` leaves accents out with
 * unaccent, and with pg_trgm it has indexes. Without either it works, and more slowly. What an extension that came later
 * changes is made anew.
 */
export async function prepareTextSearch(client: pg.Client, say: (message: string) => void) {
  const { rows } = await client.query<{ name: string; schema: string }>(
    `select e.extname as name, quote_ident(n.nspname) as schema from pg_extension e
     join pg_namespace n on n.oid = e.extnamespace where e.extname in ('unaccent', 'pg_trgm')`,
  )
  const schemaOf = (name: string) => rows.find((row) => row.name === name)?.schema
  const [unaccent, trigrams] = [schemaOf('unaccent'), schemaOf('pg_trgm')]
  const plain = unaccent
    ? `lower(${unaccent}.unaccent('${unaccent}.unaccent', value))`
    : 'lower(value)'
  if ((await commentOf(client, `'search_text(text)'::regprocedure`, 'pg_proc')) !== plain) {
    await client.query('begin')
    for (const { table, column } of SEARCHED)
      await client.query(`drop index if exists ${table}_${column}_search_idx`)
    await client.query(`create or replace function search_text(value text) returns text
      language sql immutable strict parallel safe as $body$ select ${plain} $body$`)
    await client.query(`comment on function search_text(text) is ${client.escapeLiteral(plain)}`)
    await client.query('commit')
    if (unaccent) say('searches leave accents out')
  }
  if (!trigrams) return
  for (const { table, column, where } of SEARCHED)
    await client.query(
      `create index if not exists ${table}_${column}_search_idx on ${table}
       using gin (search_text(${column}) ${trigrams}.gin_trgm_ops) ${where}`,
    )
}

async function commentOf(client: pg.Client, object: string, catalog: string) {
  const { rows } = await client.query<{ comment: string | null }>(
    `select obj_description(${object}, '${catalog}') as comment`,
  )
  return rows[0]?.comment
}
