import { eq } from 'drizzle-orm'
import { SystemConfig } from '#contracts/system-config.ts'
import type { Db } from '../client.ts'
import { systemMetadata } from '../schema/outbox.ts'

const KEY = 'system-config'

/** Defaults with what was changed. */
export async function readSystemConfig(db: Db): Promise<SystemConfig> {
  return SystemConfig.parse((await findSystemMetadata(db, KEY)) ?? {})
}

/** Replaces what was changed. Values that are the defaults are not stored: a later default reaches everybody. */
export async function writeSystemConfig(db: Db, config: SystemConfig): Promise<void> {
  const value = changedFrom(SystemConfig.parse({}), config) ?? {}
  await db
    .insert(systemMetadata)
    .values({ key: KEY, value })
    .onConflictDoUpdate({ target: systemMetadata.key, set: { value } })
}

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function changedFrom(defaults: Tree, config: Tree): Tree | undefined {
  const changed = Object.entries(config).flatMap(([name, value]): [string, unknown][] => {
    const usual = defaults[name]
    if (isTree(value) && isTree(usual)) {
      const inside = changedFrom(usual, value)
      return inside ? [[name, inside]] : []
    }
    return JSON.stringify(value) === JSON.stringify(usual) ? [] : [[name, value]]
  })
  return changed.length > 0 ? Object.fromEntries(changed) : undefined
}

export async function findSystemMetadata(
  db: Db,
  key: string,
): Promise<Record<string, unknown> | undefined> {
  const [found] = await db
    .select({ value: systemMetadata.value })
    .from(systemMetadata)
    .where(eq(systemMetadata.key, key))
    .limit(1)
  return found?.value
}
