/** Random access to a file: reads less than asked only at its end. */
export type ByteReader = {
  sizeBytes: number
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}
