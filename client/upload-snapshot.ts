import type { EntryState, UploadEntry, UploadSnapshot } from './upload-types.ts'

type QueueState = Pick<
  UploadSnapshot<unknown>,
  'isPaused' | 'isOffline' | 'isSignedOut' | 'bytesPerSecond'
>

const RESTING_STATES: EntryState[] = ['done', 'duplicate', 'failed', 'needsFile', 'needsPermission']

export function summarize<Source>(
  entries: UploadEntry<Source>[],
  queue: QueueState,
): UploadSnapshot<Source> {
  const totals = {
    files: entries.length,
    settled: 0,
    done: 0,
    duplicates: 0,
    failed: 0,
    bytes: 0,
    sentBytes: 0,
  }
  let leftBytes = 0
  let isActive = false
  for (const { state, sizeBytes, sentBytes } of entries) {
    if (state === 'done') totals.done += 1
    if (state === 'duplicate') totals.duplicates += 1
    if (state === 'failed') totals.failed += 1
    const isResting = RESTING_STATES.includes(state)
    isActive ||= !isResting
    const isCounted = state !== 'duplicate' && state !== 'failed'
    totals.bytes += isCounted ? sizeBytes : 0
    totals.sentBytes += isCounted ? sentBytes : 0
    leftBytes += isResting ? 0 : Math.max(0, sizeBytes - sentBytes)
  }
  totals.settled = totals.done + totals.duplicates + totals.failed
  const { bytesPerSecond } = queue
  const secondsLeft = isActive && bytesPerSecond > 0 ? leftBytes / bytesPerSecond : undefined
  return { entries, totals, secondsLeft, isActive, ...queue }
}
