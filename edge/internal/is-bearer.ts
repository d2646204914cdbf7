import { timingSafeEqual } from 'node:crypto'

const digestOf = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))

/** Digests have one length, so that the comparison tells nothing about the secret's. */
export async function isBearer(header: string | undefined, secret: string): Promise<boolean> {
  const [given, wanted] = await Promise.all([digestOf(header ?? ''), digestOf(`Bearer ${secret}`)])
  return timingSafeEqual(given, wanted)
}
