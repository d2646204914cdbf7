import type { AssetChange } from '#db/queries/assets.ts'

const OFFSET = /(?:Z|([+-])(\d\d):?(\d\d))$/i

/** `UTC+2`, `UTC-9:45`: how Immich's clients write a zone that is only an offset. */
function zoneOf([, sign, hours = '', minutes = '']: RegExpExecArray): string {
  if (!sign) return 'UTC'
  return `UTC${sign}${Number(hours)}${minutes === '00' ? '' : `:${minutes}`}`
}

/** A date with its offset names an instant and the wall clock where the photo was taken; without one, UTC is meant. */
export function takenAtOf(text: string): NonNullable<AssetChange['takenAt']> {
  const offset = OFFSET.exec(text)
  const wallClock = text.replace(OFFSET, '')
  const local = new Date(`${wallClock}Z`)
  return offset
    ? { instant: new Date(text), local, timeZone: zoneOf(offset) }
    : { instant: local, local, timeZone: null }
}
