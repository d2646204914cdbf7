import type { Context } from 'hono'
import { createPresigner, type Presigner } from '#storage/presign.ts'
import type { AppEnv } from '../app-env.ts'

type Signing = { signedAt: Date; expiresInSeconds: number }

/** A browser names its page's origin, scheme included, which a proxy that is not in TRUSTED_PROXIES hides from us. */
function ownOrigin(c: Context<AppEnv>): string {
  const { host, origin } = c.var.client
  const said = c.req.header('origin') ?? ''
  return said === `https://${host}` ? said : origin
}

/** Where a client finds the store: S3_PUBLIC_URL, else our own port, else (no own port to speak of) the store itself. */
export function publicStoreOrigin(c: Context<AppEnv>): string {
  const { S3_PUBLIC_URL, S3_ENDPOINT } = c.env.settings
  if (S3_PUBLIC_URL) return S3_PUBLIC_URL
  return c.env.keepsHost ? ownOrigin(c) : S3_ENDPOINT
}

export function publicPresigner(c: Context<AppEnv>, signing: Signing): Presigner {
  return createPresigner(c.var.deps.storeSettings, { origin: publicStoreOrigin(c), ...signing })
}
