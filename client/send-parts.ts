import type { AssetClaims, SignedPut, UploadDto } from '#contracts/api/uploads.ts'
import { callPersistently, type Persistence } from './call-persistently.ts'
import { backoffMs, isTransientStatus, pauseFor } from './retry.ts'
import type { TransferSlots } from './transfer-slots.ts'
import { ApiError, NetworkError, SourceError, UploadFailure } from './upload-errors.ts'
import type { FileFacts, FileHash, PutAnswer, UploadPlatform } from './upload-types.ts'
import type { UploadsApi } from './uploads-api.ts'

/** Signatures that end within this time are replaced before they are used. */
const SIGNATURE_RESERVE_MS = 20_000
/** Faults of one part in a row after which the server is asked whether it arrived all the same. */
const FAULTS_BEFORE_ASKING = 2
const MAX_REFUSALS = 4
/** A way that always breaks in the middle makes progress each time and would be tried for ever. */
const MAX_FAULTS_OF_PART = 60

export type UploadFileDeps<Source> = Persistence & {
  api: UploadsApi
  platform: UploadPlatform<Source>
  slots: TransferSlots
  /** Aborted while the queue is paused; a fresh one after each resume. */
  pauseSignal: () => AbortSignal
}

export type FileToUpload<Source> = {
  source: Source
  facts: FileFacts
  hash: FileHash
  claims: AssetClaims
  signal: AbortSignal
  /** Bytes of the file that lie at the store or are on their way, and how many came on just now. */
  onSent: (sentBytes: number, grownBytes: number) => void
  onUploadKnown: (uploadId: string) => void
}

/** Sends every missing part, as many at a time as there are slots. False: the upload is gone at the server. */
export async function sendParts<Source>(
  deps: UploadFileDeps<Source>,
  file: FileToUpload<Source>,
  upload: UploadDto,
): Promise<boolean> {
  const sending = new AbortController()
  const signal = AbortSignal.any([file.signal, sending.signal])
  const signatures = createSignatures(deps, upload, signal)
  const progress = createProgress(upload, file.onSent)
  try {
    let puts = upload.puts
    while (puts.length > 0) {
      await Promise.all(
        puts.map((put) => sendPart(deps, { ...file, signal, put, signatures, progress })),
      )
      const lastPart = puts.at(-1)
      const isLast = !lastPart || lastPart.end >= file.facts.sizeBytes
      puts = isLast ? [] : await signatures.listFrom(lastPart.partNumber + 1)
    }
    return true
  } catch (error) {
    if (error instanceof UploadGone) return false
    throw error
  } finally {
    sending.abort(new Error('Another part ended this round'))
  }
}

class UploadGone extends Error {
  readonly name = 'UploadGone'
}

type Signatures = ReturnType<typeof createSignatures>

/** Signed requests of one upload, renewed by one question to the server however many parts ask at once. */
function createSignatures<Source>(
  deps: UploadFileDeps<Source>,
  upload: UploadDto,
  signal: AbortSignal,
) {
  let expireAtMs = Date.parse(upload.putsExpireAt)
  let asking: { fromPart: number; answer: Promise<SignedPut[]> } | undefined

  const ask = async (fromPart: number): Promise<SignedPut[]> => {
    const fresh = await callPersistently(deps, signal, () =>
      deps.api.find({ id: upload.id, fromPart }, signal),
    ).catch((error: unknown) => {
      if (error instanceof ApiError) throw new UploadGone()
      throw error
    })
    if (fresh.state !== 'pending') throw new UploadGone()
    expireAtMs = Date.parse(fresh.putsExpireAt)
    return fresh.puts
  }

  const listFrom = (fromPart: number): Promise<SignedPut[]> => {
    if (asking && asking.fromPart <= fromPart) return asking.answer
    const answer = ask(fromPart).finally(() => {
      asking = undefined
    })
    asking = { fromPart, answer }
    return answer
  }

  return {
    listFrom,
    isAboutToExpire: () => expireAtMs - Date.now() < SIGNATURE_RESERVE_MS,
    /** The part's fresh request, or undefined when the part lies at the store. */
    async renew({ partNumber }: SignedPut): Promise<SignedPut | undefined> {
      const puts = await listFrom(partNumber)
      return puts.find((put) => put.partNumber === partNumber)
    },
  }
}

type Progress = ReturnType<typeof createProgress>

function createProgress(upload: UploadDto, onSent: FileToUpload<unknown>['onSent']) {
  const sentOfPart = new Map<number, number>()
  let sentBytes = upload.arrivedBytes
  onSent(sentBytes, 0)
  return {
    set(partNumber: number, bytes: number) {
      const grownBytes = bytes - (sentOfPart.get(partNumber) ?? 0)
      sentBytes += grownBytes
      sentOfPart.set(partNumber, bytes)
      onSent(sentBytes, Math.max(0, grownBytes))
    },
  }
}

type PartToSend<Source> = FileToUpload<Source> & {
  put: SignedPut
  signatures: Signatures
  progress: Progress
}

async function sendPart<Source>(deps: UploadFileDeps<Source>, part: PartToSend<Source>) {
  const { signatures, progress, signal } = part
  const sizeBytes = part.put.end - part.put.start
  let put: SignedPut | undefined = part.put
  let faults = 0
  let faultsInAll = 0
  let refusals = 0

  while (put) {
    if (signatures.isAboutToExpire()) put = await signatures.renew(put)
    if (!put) break
    const attempt = await putOnce(deps, part, put)
    if (attempt === 'arrived') break
    progress.set(put.partNumber, 0)
    if (attempt === 'paused') continue

    const status = 'status' in attempt ? attempt.status : undefined
    if (status === 404) throw new UploadGone()
    if (status === undefined || isTransientStatus(status)) {
      faults = attempt.madeProgress ? 1 : faults + 1
      faultsInAll += 1
      if (faults >= deps.retry.attempts || faultsInAll >= MAX_FAULTS_OF_PART) {
        throw new UploadFailure('The connection keeps breaking', { canRetry: true })
      }
      const waitMs = backoffMs(deps.retry, faults - 1)
      await pauseFor(Math.max(waitMs, attempt.retryAfterMs ?? 0), signal)
      // Sent whole, it may lie there although the answer got lost.
      if (attempt.wasSent || faults >= FAULTS_BEFORE_ASKING) put = await signatures.renew(put)
      continue
    }
    refusals += 1
    if (refusals >= MAX_REFUSALS) throw refusalOf(attempt.body, status)
    await pauseFor(backoffMs(deps.retry, refusals - 1), signal)
    put = await signatures.renew(put)
  }
  progress.set(part.put.partNumber, sizeBytes)
}

type Refused = {
  madeProgress: boolean
  wasSent?: boolean
  body: string
  status?: number
  retryAfterMs?: number
}

/** One request. 412: the object is there already, from a try whose answer was lost. */
async function putOnce<Source>(
  deps: UploadFileDeps<Source>,
  { source, facts, progress, signal }: PartToSend<Source>,
  put: SignedPut,
): Promise<'arrived' | 'paused' | Refused> {
  await deps.whenRunning(signal)
  const slot = await deps.slots.acquire(facts.sizeBytes, signal)
  const pause = deps.pauseSignal()
  let sentBytes = 0
  try {
    const answer: PutAnswer = await deps.platform.put({
      source,
      put,
      signal: AbortSignal.any([signal, pause]),
      onProgress: (bytes) => {
        sentBytes = bytes
        progress.set(put.partNumber, bytes)
      },
    })
    if (answer.status < 300 || answer.status === 412) {
      deps.slots.succeeded()
      return 'arrived'
    }
    if (isTransientStatus(answer.status)) deps.slots.troubled()
    return { ...answer, madeProgress: false }
  } catch (error) {
    signal.throwIfAborted()
    if (pause.aborted) return 'paused'
    if (!(error instanceof NetworkError)) throw error
    deps.slots.troubled()
    const wasSent = sentBytes === put.end - put.start
    return { madeProgress: sentBytes > 0 && !wasSent, wasSent, body: '' }
  } finally {
    slot.release()
  }
}

function refusalOf(body: string, status: number): Error {
  const code = /<Code>([^<]+)<\/Code>/.exec(body)?.[1]
  if (code && /digest|checksum/i.test(code)) {
    return new SourceError('The file changed while it was sent')
  }
  if (status === 413) {
    return new UploadFailure('A proxy on the way does not let files of this size pass', {
      canRetry: true,
    })
  }
  return new UploadFailure(`The store refused the bytes (${code ?? status})`, { canRetry: true })
}
