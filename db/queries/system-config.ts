import { eq } from 'drizzle-orm'
import { SystemConfig } from '#contracts/system-config.ts'
import type { Db } from '../client.ts'
import { systemMetadata } from '../schema/outbox.ts'

/** Defaults with what was changed. */
export async function readSystemConfig(db: Db): Promise<SystemConfig> {
  return SystemConfig.parse((await findSystemMetadata(db, 'system-config')) ?? {})
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
