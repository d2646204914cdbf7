const BUFFER_BYTES = 256 * 1024
const AT_LEAST_BYTES = 64 * 1024

/** workerd's: waits until so much is there, which makes reading two to four times faster. */
type AtLeastReader = {
  readAtLeast(
    minBytes: number,
    view: Uint8Array,
  ): Promise<{ done: boolean; value?: Uint8Array<ArrayBuffer> }>
}

function atLeastReaderOf(body: ReadableStream<Uint8Array>): AtLeastReader | undefined {
  if (!('readAtLeast' in ReadableStreamBYOBReader.prototype)) return undefined
  return body.getReader({ mode: 'byob' }) as unknown as AtLeastReader // the types know the standard only
}

/** Hands on a body's chunks in turn; each is the callee's only until its promise settles. */
export async function readChunks(
  body: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = atLeastReaderOf(body)
  if (!reader) {
    for await (const chunk of body) await onChunk(chunk)
    return
  }
  // Each read takes the memory away and gives it back under a new name.
  let memory = new ArrayBuffer(BUFFER_BYTES)
  for (;;) {
    const { done, value } = await reader.readAtLeast(AT_LEAST_BYTES, new Uint8Array(memory))
    if (value && value.byteLength > 0) await onChunk(value)
    if (done || !value) return
    memory = value.buffer
  }
}
