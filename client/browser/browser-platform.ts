import type { Reopened, UploadPlatform } from '../upload-types.ts'
import { createHashPool } from './hash-pool.ts'
import { putBlob } from './put-blob.ts'
import type { BrowserSource } from './sources.ts'

export function createBrowserPlatform(): UploadPlatform<BrowserSource> {
  const pool = createHashPool()
  return {
    hashConcurrency: pool.size,
    factsOf: ({ file }) => ({
      name: file.name,
      sizeBytes: file.size,
      modifiedAtMs: file.lastModified,
      fingerprint: JSON.stringify([file.name, file.size, file.lastModified]),
    }),
    inspect: ({ file }, options) => pool.inspect(file, options),
    refresh: async (source) =>
      source.handle ? { ...source, file: await source.handle.getFile() } : source,
    put: putBlob,
    async readSidecar({ sidecar }) {
      return sidecar && new Uint8Array(await sidecar.arrayBuffer())
    },
    handleOf: ({ handle }) => handle,
    reopen,
    isOnline: () => navigator.onLine || isOwnMachine(location.hostname),
    watchOnline(onChange) {
      addEventListener('online', onChange)
      addEventListener('offline', onChange)
      return () => {
        removeEventListener('online', onChange)
        removeEventListener('offline', onChange)
      }
    },
    close: () => pool.close(),
  }
}

async function reopen(
  kept: unknown,
  { mayAsk }: { mayAsk: boolean },
): Promise<Reopened<BrowserSource>> {
  const handle = kept as FileSystemFileHandle
  const wish = { mode: 'read' } as const
  try {
    let permission = await handle.queryPermission?.(wish)
    if (permission === 'prompt' && mayAsk) permission = await handle.requestPermission?.(wish)
    if (permission !== 'granted') return { status: 'needsPermission' }
    return { status: 'open', source: { file: await handle.getFile(), handle } }
  } catch {
    return { status: 'gone' }
  }
}

/** A machine without any network still reaches itself. */
function isOwnMachine(hostname: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname)
}
