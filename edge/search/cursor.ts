import { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import { AssetId } from '#contracts/ids.ts'

const MICROSECONDS = z.iso.datetime({ precision: 6 })
const LENGTH = '2000-01-01T00:00:00.000000Z'.length

/** Calendars repeat after 400 years, so the last four digits of a year tell whether it has the day. */
const isInCalendar = (text: string) => MICROSECONDS.safeParse(text.slice(-LENGTH)).success

/** Where the page before ended. Clients hand it back as it is and read nothing in it. */
export const DatePosition = z.tuple([
  z
    .string()
    .regex(/^(?!0000-)(?:\d{4,5}|1\d{5})-/)
    .refine(isInCalendar),
  AssetId,
])

/**
 * Distance and id of the last hit, how many came before, the distance at which hits cease to matter, and the vector space
 * in which all that is so.
 */
export const RankPosition = z.tuple([
  z.number(),
  AssetId,
  z.number().int().min(0).max(1_000_000),
  z.number(),
  z.number().int(),
])
export type RankPosition = z.infer<typeof RankPosition>

export function encodeCursor(position: z.infer<typeof DatePosition> | RankPosition): string {
  return btoa(JSON.stringify(position)).replaceAll('+', '-').replaceAll('/', '_')
}

export function decodeCursor<Position extends z.ZodType>(
  shape: Position,
  cursor: string,
): z.output<Position> {
  try {
    return shape.parse(JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))))
  } catch (cause) {
    throw new AppError('bad_request', 'cursor is none of this search', { cause })
  }
}
