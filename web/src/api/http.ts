export class ApiError extends Error {
  readonly name = 'ApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The server was not reached at all. */
export class OfflineError extends Error {
  readonly name = 'OfflineError'
}

type Request = {
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  signal?: AbortSignal
}

type Listener = { onSignedOut: () => void; onReached: (isReached: boolean) => void }

let listener: Listener = { onSignedOut: () => {}, onReached: () => {} }

export function listenToApi(next: Listener) {
  listener = next
}

const STILL_SIGNED_OUT = new Set(['/api/auth/login', '/api/users/me'])

export async function callApi<Answer = void>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  { query, body, signal }: Request = {},
): Promise<Answer> {
  const response = await reach(`${path}${queryText(query)}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(signal ? { signal } : {}),
  })
  if (response.ok) {
    const text = await response.text()
    // Void calls answer 204 or an empty 200; every other answer has the type its contract names.
    return (text === '' ? undefined : JSON.parse(text)) as Answer
  }
  if (response.status === 401 && !STILL_SIGNED_OUT.has(path)) listener.onSignedOut()
  throw new ApiError(response.status, await messageOf(response))
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, init)
    listener.onReached(true)
    return response
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    listener.onReached(false)
    throw new OfflineError('The server cannot be reached', { cause })
  }
}

function queryText(query: Request['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

type Issue = { path?: (string | number)[]; message?: string }

async function messageOf(response: Response): Promise<string> {
  try {
    const { message, errors } = (await response.json()) as { message?: string; errors?: Issue[] }
    const [issue] = errors ?? []
    if (issue?.message) return [issue.path?.join('.'), issue.message].filter(Boolean).join(': ')
    if (message) return message
  } catch {
    // A proxy in between may answer with a page of its own; the status says enough then.
  }
  if (response.status === 429) return 'Too many tries. Wait a moment, then try again.'
  if (response.status >= 500) return 'The server had a problem. Try again in a moment.'
  return `The server answered ${response.status}`
}

/** What went wrong, in words for the person in front of the screen. */
export function wordsOf(error: unknown): string {
  if (error instanceof OfflineError) return 'The server cannot be reached. Check your connection.'
  if (error instanceof ApiError) return error.message
  return 'Something went wrong. Try again.'
}
