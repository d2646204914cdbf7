import { z } from 'zod'
import { isModelName } from './model-files.ts'

/** A file of a model as the hub has it. */
export type HubFile = {
  path: string
  sizeBytes: number
  hash: { algorithm: 'sha256' | 'git-sha1'; value: string }
}

/** What went wrong in words for an administrator. */
export class ModelFetchError extends Error {
  override name = 'ModelFetchError'
}

const ORGANISATION = 'immich-app'
const ANSWER_TIMEOUT_MS = 30_000
/** Other machines' formats, and what is for people. */
const NOT_NEEDED = /\.(?:armnn|rknn|md|png|jpe?g)$|(?:^|\/)\.[^/]+$/i
const MOST_PAGES = 100

/** Large files are in git-lfs, whose id is the content's SHA-256; small ones have git's own id. */
const Tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().default(0),
    oid: z.string(),
    lfs: z.object({ oid: z.string(), size: z.number() }).optional(),
  }),
)

/** Undefined: the hub has no such model. */
export async function listHubFiles(
  hubUrl: string,
  name: string,
  signal: AbortSignal,
): Promise<HubFile[] | undefined> {
  if (!isModelName(name)) return undefined
  const hub = hubUrl.replace(/\/+$/, '')
  let next: string | undefined =
    `${hub}/api/models/${ORGANISATION}/${name}/tree/main?recursive=true`
  const files: HubFile[] = []
  for (let page = 0; next && page < MOST_PAGES; page += 1) {
    const response: Response = await askHub(next, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    })
    // The hub answers 401 for what it does not have, so that private names stay private.
    if (response.status === 404 || response.status === 401) return undefined
    if (!response.ok) throw new ModelFetchError(`the hub answers ${response.status} for ${name}`)
    files.push(...filesIn(await treeIn(response)))
    next = nextPage(response, hub)
  }
  return files
}

async function treeIn(response: Response): Promise<z.output<typeof Tree>> {
  try {
    return Tree.parse(await response.json())
  } catch (error) {
    const { host } = new URL(response.url)
    throw new ModelFetchError(`what answers at ${host} is no model hub`, { cause: error })
  }
}

function filesIn(tree: z.output<typeof Tree>): HubFile[] {
  return tree
    .filter(({ type, path }) => type === 'file' && !NOT_NEEDED.test(path))
    .map(({ path, size, oid, lfs }) => {
      if (path.split('/').some((part) => part === '..' || part === '') || path.includes('\\'))
        throw new ModelFetchError(`the hub names a file ${JSON.stringify(path)}, outside the model`)
      return {
        path,
        sizeBytes: lfs?.size ?? size,
        hash: lfs
          ? { algorithm: 'sha256', value: lfs.oid.replace(/^sha256:/, '') }
          : { algorithm: 'git-sha1', value: oid },
      }
    })
}

/** Only the hub itself tells where it goes on. */
function nextPage({ headers }: Response, hub: string): string | undefined {
  const link = /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1]
  if (!link) return undefined
  const url = new URL(link, hub)
  return url.origin === new URL(hub).origin ? url.href : undefined
}

export function hubFileUrl(hubUrl: string, name: string, path: string): string {
  const parts = path.split('/').map(encodeURIComponent).join('/')
  return `${hubUrl.replace(/\/+$/, '')}/${ORGANISATION}/${name}/resolve/main/${parts}`
}

/** Redirects are followed: hubs keep large files on other hosts. */
export async function askHub(
  url: string,
  init: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'follow' })
  } catch (error) {
    throw unreachable(url, error)
  }
}

export function unreachable(url: string, error: unknown): ModelFetchError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new ModelFetchError(`the hub at ${new URL(url).host} cannot be reached (${code})`, {
    cause: error,
  })
}
