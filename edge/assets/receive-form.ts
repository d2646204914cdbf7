import { AssetMediaCreateFields } from '#contracts/api/assets.ts'
import { AppError } from '#contracts/errors.ts'
import type { Viewer } from '../authentication/viewer.ts'
import type { Deps } from '../deps.ts'
import { ValidationError } from '../http/errors.ts'
import { SIDECAR_MAX_BYTES } from '../uploads/attach-sidecar.ts'
import { cleanFileName, mediaTypeFor } from '../uploads/file-name.ts'
import { bytesSink, discardSink } from './form/bytes-sink.ts'
import {
  boundaryOf,
  MalformedFormError,
  MultipartParser,
  type PartSink,
} from './form/multipart-parser.ts'
import type { PartHeaders } from './form/part-headers.ts'
import { readChunks } from './form/read-chunks.ts'
import { ReceivedFile } from './received-file.ts'

const TEXT_MAX_BYTES = 256 * 1024

/** What of a form has come in so far: also when reading it fails half-way, for whoever cleans up. */
export type ReceivedForm = {
  fields: Record<string, string>
  file: ReceivedFile | undefined
  sidecar: Uint8Array | undefined
}

export const emptyForm = (): ReceivedForm => ({ fields: {}, file: undefined, sidecar: undefined })

type Receiver = { deps: Deps; viewer: Viewer; form: ReceivedForm }

function beginFile({ deps, viewer, form }: Receiver, sentName: string): PartSink {
  if (form.file) throw new MalformedFormError('The form has two files')
  const fileName = cleanFileName(form.fields.filename || sentName)
  form.file = new ReceivedFile({ deps, viewer, fileName, mediaType: mediaTypeFor(fileName) })
  return form.file
}

function beginText({ form }: Receiver, name: string): PartSink {
  return bytesSink({
    what: name,
    maxBytes: TEXT_MAX_BYTES,
    onWhole: (bytes) => {
      form.fields[name] = new TextDecoder().decode(bytes)
    },
  })
}

function beginSidecar({ form }: Receiver): PartSink {
  return bytesSink({
    what: 'sidecarData',
    maxBytes: SIDECAR_MAX_BYTES,
    onWhole: (bytes) => {
      form.sidecar = bytes
    },
  })
}

function beginPart(receiver: Receiver, { name, fileName }: PartHeaders): PartSink {
  // A text field may bear a file's name: clients have sent a stray `assetData`.
  if (fileName === undefined) return beginText(receiver, name)
  if (name === 'assetData') return beginFile(receiver, fileName)
  if (name === 'sidecarData' && fileName !== '') return beginSidecar(receiver)
  return discardSink
}

/** Reads a form of Immich's clients into `form`: fields in any order, the file streamed into the store. */
export async function receiveForm(request: Request, receiver: Receiver): Promise<void> {
  const boundary = boundaryOf(request.headers.get('content-type') ?? '')
  if (!boundary || !request.body) throw new AppError('bad_request', 'A multipart form is expected')
  const parser = new MultipartParser({ boundary, onPart: (part) => beginPart(receiver, part) })
  try {
    await readChunks(request.body, (chunk) => parser.push(chunk))
    parser.end()
  } catch (error) {
    if (!(error instanceof MalformedFormError)) throw error
    throw new AppError('bad_request', error.message, { cause: error })
  }
}

export function parseFields({ fields }: ReceivedForm): AssetMediaCreateFields {
  const parsed = AssetMediaCreateFields.safeParse(fields)
  if (!parsed.success) throw new ValidationError(parsed.error.issues)
  return parsed.data
}
