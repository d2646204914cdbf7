import type { ServerStorageResponseDto } from '#contracts/api/server.ts'
import { sumUsageBytes } from '#db/queries/asset-statistics.ts'
import type { Deps } from '../deps.ts'
import { type Capacity, findCapacity } from './find-capacity.ts'
import { humanBytes } from './human-bytes.ts'

/** A bucket without an end that it tells: 8 PiB, the largest whole number that JSON readers hold. */
const ENDLESS_BYTES = Number.MAX_SAFE_INTEGER

export async function findStorage(deps: Deps): Promise<ServerStorageResponseDto> {
  const capacity = await findCapacity(deps)
  const { totalBytes, freeBytes } = capacity ?? (await endless(deps))
  const useBytes = Math.max(0, totalBytes - freeBytes)
  return {
    diskSize: humanBytes(totalBytes),
    diskSizeRaw: totalBytes,
    diskUse: humanBytes(useBytes),
    diskUseRaw: useBytes,
    diskAvailable: humanBytes(freeBytes),
    diskAvailableRaw: freeBytes,
    diskUsagePercentage: Number(((useBytes / totalBytes) * 100).toFixed(2)),
  }
}

async function endless({ db }: Deps): Promise<Capacity> {
  return { totalBytes: ENDLESS_BYTES, freeBytes: ENDLESS_BYTES - (await sumUsageBytes(db)) }
}
