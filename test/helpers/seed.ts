import type { AssetId, UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import type { Db } from '#db/client.ts'
import { assets, users } from '#db/schema/tables.ts'

type NewUser = Partial<typeof users.$inferInsert>
type NewAsset = Partial<Omit<typeof assets.$inferInsert, 'ownerId'>>

/** A user's row, for tests below the HTTP routes. There, sign up instead. */
export async function seedUser(db: Db, user: NewUser = {}): Promise<UserId> {
  const id = user.id ?? newId<UserId>()
  await db.insert(users).values({ email: `${id}@test.invalid`, name: 'Someone', ...user, id })
  return id
}

/** An asset's row without bytes behind it, for `insert(assets).values(…)`. */
export function assetRow(ownerId: UserId, asset: NewAsset = {}): typeof assets.$inferInsert {
  const id = asset.id ?? newId<AssetId>()
  return {
    ownerId,
    type: 'IMAGE',
    originalKey: `upload/${ownerId}/${id}.jpg`,
    originalFileName: `${id}.jpg`,
    originalMimeType: 'image/jpeg',
    sizeBytes: 300,
    checksum: new TextEncoder().encode(id.replaceAll('-', '').slice(-20)),
    fileCreatedAt: new Date('2024-05-17T10:00:00Z'),
    fileModifiedAt: new Date('2024-05-17T10:00:00Z'),
    localDateTime: new Date('2024-05-17T12:00:00Z'),
    ...asset,
    id,
  }
}

export async function seedAssets(
  db: Db,
  { ownerId, count, ...asset }: { ownerId: UserId; count: number } & NewAsset,
): Promise<AssetId[]> {
  const rows = Array.from({ length: count }, () => assetRow(ownerId, asset))
  await db.insert(assets).values(rows)
  return rows.map(({ id }) => id)
}
