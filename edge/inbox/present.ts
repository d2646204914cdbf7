import type { InboxObjectDto } from '#contracts/api/inbox.ts'
import { inboxPrefixOf } from '#contracts/object-keys.ts'
import type { InboxCursor, InboxRow } from '#db/queries/inbox.ts'

export function presentInboxObject(row: InboxRow): InboxObjectDto {
  const { objectKey: key, sizeBytes, lastModified, reason } = row
  return {
    ...{ key, sizeBytes, reason },
    name: key.slice(inboxPrefixOf(row.ownerId).length),
    lastModified: lastModified.toISOString(),
    // Imported ones are not listed.
    state: row.state === 'imported' ? 'importing' : row.state,
  }
}

/** `r` or `o` (refused or other), then the key. */
export const cursorOf = ({ state, objectKey }: InboxRow): string =>
  `${state === 'refused' ? 'r' : 'o'}${objectKey}`

export const readCursor = (cursor: string): InboxCursor => ({
  isRefused: cursor.startsWith('r'),
  objectKey: cursor.slice(1),
})
