import type pg from 'pg'

export type NearestIndex = { name: string; clause: string; isValid: boolean }

/** The index by which a table of vectors is searched now; its comment says how it was made. */
export async function findNearestIndex(
  client: pg.Client,
  table: string,
): Promise<NearestIndex | undefined> {
  const { rows } = await client.query<{ name: string; clause: string | null; is_valid: boolean }>(
    `select c.relname as name, obj_description(c.oid, 'pg_class') as clause, x.indisvalid as is_valid
     from pg_index x join pg_class c on c.oid = x.indexrelid
     where x.indrelid = to_regclass($1) and c.relname = $1 || '_nearest_idx'`,
    [table],
  )
  const [found] = rows
  return found && { name: found.name, clause: found.clause ?? '', isValid: found.is_valid }
}
