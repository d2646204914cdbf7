import { z } from 'zod'

// Both are in every runtime that reads this file, and in none of its types.
declare function atob(base64: string): string
declare function btoa(binary: string): string

const SHA1_BYTES = 20

function bytesOfHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  )
}

/** SHA-1 as Immich's clients write it: 40 hex digits or 28 characters of base64. */
export const Sha1 = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{40}|[A-Za-z0-9+/]{27}=)$/, 'must be a SHA-1 in hex or base64')
  .transform((text) => (text.length === SHA1_BYTES * 2 ? bytesOfHex(text) : bytesOfBase64(text)))

export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
