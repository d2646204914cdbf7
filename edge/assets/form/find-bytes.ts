/**
 * Boyer-Moore-Horspool: looks at about one byte in as many as the needle is long, several times faster than
 * stepping through the bytes, and independent of what the runtime's Buffer can do.
 */
export class ByteFinder {
  readonly needle: Uint8Array
  readonly #skips: Uint8Array

  constructor(needle: Uint8Array) {
    const last = needle.byteLength - 1
    this.needle = needle
    this.#skips = new Uint8Array(256).fill(Math.min(needle.byteLength, 255))
    needle.subarray(0, last).forEach((byte, index) => {
      this.#skips[byte] = Math.min(last - index, 255)
    })
  }

  /** Where the needle begins at or after `from`, or -1. */
  find(haystack: Uint8Array, from: number): number {
    const { needle } = this
    const skips = this.#skips
    const last = needle.byteLength - 1
    const lastByte = needle[last]
    let at = from + last
    while (at < haystack.byteLength) {
      const byte = haystack[at] as number // `at` lies inside
      if (byte === lastByte && this.#matches(haystack, at - last)) return at - last
      at += skips[byte] as number // one entry for every byte
    }
    return -1
  }

  #matches(haystack: Uint8Array, start: number): boolean {
    for (let index = 0; index < this.needle.byteLength; index += 1) {
      if (haystack[start + index] !== this.needle[index]) return false
    }
    return true
  }
}
