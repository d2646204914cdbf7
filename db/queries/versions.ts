import { desc, like } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../client.ts'
import { systemMetadata } from '../schema/outbox.ts'

const PREFIX = 'version:'

const Version = z.object({ id: z.uuid(), version: z.string(), createdAt: z.coerce.date() })
export type Version = z.infer<typeof Version>

const VERSIONS_LISTED = 200

/** The versions that this installation has run, newest first. */
export async function listVersions(db: Db): Promise<Version[]> {
  const rows = await db
    .select({ value: systemMetadata.value })
    .from(systemMetadata)
    .where(like(systemMetadata.key, `${PREFIX}%`))
    .orderBy(desc(systemMetadata.updatedAt), desc(systemMetadata.key))
    .limit(VERSIONS_LISTED)
  return rows.map(({ value }) => Version.parse(value))
}

export async function insertVersion(db: Db, { id, version, createdAt }: Version): Promise<void> {
  const value = { id, version, createdAt: createdAt.toISOString() }
  await db
    .insert(systemMetadata)
    .values({ key: PREFIX + version, value })
    .onConflictDoNothing()
}
