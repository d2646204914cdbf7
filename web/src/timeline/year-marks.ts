export type YearMark = { key: string; share: number; label: string | undefined }

type Month = { key: string; topPx: number }

const LABEL_PX = 26
const TICK_PX = 9

/**
 * What stands beside the scrubber: the year at its first month, a dot at the others, and neither where it
 * would touch the one before. The newest year is always written.
 */
export function yearMarks(
  months: readonly Month[],
  { rangePx, trackPx, headerPx }: { rangePx: number; trackPx: number; headerPx: number },
): YearMark[] {
  const marks: YearMark[] = []
  let lastLabelPx = Number.NEGATIVE_INFINITY
  let lastMarkPx = Number.NEGATIVE_INFINITY
  let year = ''
  for (const { key, topPx } of months) {
    const share = Math.min(1, Math.max(0, (topPx - headerPx) / rangePx))
    const atPx = share * trackPx
    const isNewYear = key.slice(0, 4) !== year
    year = key.slice(0, 4)
    if (isNewYear && atPx - lastLabelPx >= LABEL_PX) {
      // A year is worth more than the dots that it would cover.
      while (isCovered(marks.at(-1), atPx, trackPx)) marks.pop()
      marks.push({ key, share, label: year })
      lastLabelPx = atPx
      lastMarkPx = atPx
    } else if (atPx - lastMarkPx >= TICK_PX && atPx - lastLabelPx >= LABEL_PX / 2) {
      marks.push({ key, share, label: undefined })
      lastMarkPx = atPx
    }
  }
  return marks
}

function isCovered(mark: YearMark | undefined, atPx: number, trackPx: number): boolean {
  return mark !== undefined && !mark.label && atPx - mark.share * trackPx < LABEL_PX / 2
}
