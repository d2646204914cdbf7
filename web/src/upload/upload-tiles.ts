import type { BrowserSource } from '#client/browser/sources.ts'
import type { UploadEntry } from '#client/upload-types.ts'
import { mediaTypeOfName } from '#contracts/media-types.ts'
import type { TimelineAsset } from '../timeline/timeline-asset.ts'

type Entry = UploadEntry<BrowserSource>

const HASHING_SHARE = 0.15

/** How far a file is, hashing counted as its first part; undefined while the server checks it. */
export function shareOfEntry({ state, sizeBytes, hashedBytes, sentBytes }: Entry) {
  if (state === 'done' || state === 'duplicate') return 1
  if (state === 'checking' || state === 'verifying') return undefined
  if (sizeBytes === 0) return 0
  if (state === 'hashing') return (hashedBytes / sizeBytes) * HASHING_SHARE
  if (sentBytes === 0 && state !== 'uploading') return 0
  return HASHING_SHARE + (sentBytes / sizeBytes) * (1 - HASHING_SHARE)
}

/** A file on its way stands in the timeline at its own date as soon as that is known. */
export function tileOfEntry(entry: Entry): TimelineAsset | undefined {
  const { claims, state } = entry
  if (!claims || state === 'duplicate' || state === 'failed') return undefined
  const { width, height, durationMs = null } = claims
  return {
    id: entry.assetId ?? entry.id,
    ratio: width && height ? width / height : 1,
    isImage: mediaTypeOfName(entry.name)?.assetType !== 'VIDEO',
    isFavorite: claims.isFavorite ?? false,
    isTrashed: false,
    visibility: claims.visibility ?? 'timeline',
    thumbhash: null,
    localMs: Date.parse(claims.localDateTime ?? claims.fileCreatedAt),
    durationMs,
    place: undefined,
    livePhotoVideoId: null,
    condition: 'processing',
    failureReason: undefined,
    uploadId: state === 'done' ? undefined : entry.id,
  }
}

/** What the panel says of a file, in a few words. */
export function wordsOfState(entry: Entry): string {
  switch (entry.state) {
    case 'waiting':
      return 'Waiting'
    case 'hashing':
      return 'Reading'
    case 'checking':
      return 'Checking'
    case 'uploading':
      return entry.sentBytes >= entry.sizeBytes ? 'Finishing' : `${percentOf(entry)} %`
    case 'verifying':
      return 'Verifying'
    case 'done':
      return 'Uploaded'
    case 'duplicate':
      return entry.isTrashed ? 'Already here, in the trash' : 'Already here'
    case 'failed':
      return entry.reason ?? 'Failed'
    case 'needsFile':
      return 'Choose this file again to go on'
    case 'needsPermission':
      return 'Allow reading to go on'
  }
}

function percentOf({ sentBytes, sizeBytes }: Entry): number {
  return sizeBytes === 0 ? 0 : Math.floor((sentBytes / sizeBytes) * 100)
}

const ORDER: Record<Entry['state'], number> = {
  failed: 0,
  needsFile: 1,
  needsPermission: 1,
  uploading: 2,
  verifying: 2,
  checking: 2,
  hashing: 2,
  waiting: 3,
  duplicate: 4,
  done: 5,
}

/** What needs a person first, then what moves, then what waits, then what is over. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => ORDER[a.state] - ORDER[b.state])
}
