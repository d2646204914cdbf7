import type { AssetUrlsResponseDto } from '#contracts/api/uploads.ts'

type Size = 'thumbnail' | 'preview'
type Ask = (ids: string[], size: Size) => Promise<AssetUrlsResponseDto>
type Known = { url: string | undefined; untilMs: number }

const MOST_PER_REQUEST = 500
/** Tiles that come into view within this time share one request. */
const GATHER_MS = 24
/** What has no signed URL (yet) is asked for again after this. */
const ABSENT_MS = 15_000
/** When signing fails as a whole the API serves the bytes itself; the next try comes after this. */
const PAUSE_MS = 60_000
const MARGIN_MS = 60_000

/** Gathers the ids of tiles in view and has their URLs signed together. */
export class SignedUrls {
  readonly #ask: Ask
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  readonly #waiting = new Map<string, ((url: string | undefined) => void)[]>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #pausedUntilMs = 0

  constructor(ask: Ask, now: () => number = Date.now) {
    this.#ask = ask
    this.#now = now
  }

  /** A URL that is known already, without waiting. */
  peek(id: string, size: Size): string | undefined {
    const known = this.#known.get(`${size}:${id}`)
    return known && known.untilMs > this.#now() ? known.url : undefined
  }

  /** Undefined where the API's own route must be used. */
  find(id: string, size: Size): Promise<string | undefined> {
    const key = `${size}:${id}`
    const known = this.#known.get(key)
    if (known && known.untilMs > this.#now()) return Promise.resolve(known.url)
    if (this.#now() < this.#pausedUntilMs) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key)
      if (waiting) waiting.push(resolve)
      else this.#waiting.set(key, [resolve])
      this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS)
    })
  }

  forget(id: string) {
    this.#known.delete(`thumbnail:${id}`)
    this.#known.delete(`preview:${id}`)
  }

  #flush() {
    this.#timer = undefined
    const all = new Map(this.#waiting)
    this.#waiting.clear()
    for (const size of ['thumbnail', 'preview'] as const) {
      const ids = [...all.keys()]
        .filter((key) => key.startsWith(`${size}:`))
        .map((key) => key.slice(size.length + 1))
      for (let from = 0; from < ids.length; from += MOST_PER_REQUEST) {
        void this.#request(ids.slice(from, from + MOST_PER_REQUEST), size, all)
      }
    }
  }

  async #request(
    ids: string[],
    size: Size,
    waiting: ReadonlyMap<string, ((url: string | undefined) => void)[]>,
  ) {
    let urls: Record<string, string> = {}
    let untilMs = this.#now() + ABSENT_MS
    try {
      const answer = await this.#ask(ids, size)
      urls = answer.urls
      untilMs = Date.parse(answer.expiresAt) - MARGIN_MS
    } catch {
      this.#pausedUntilMs = this.#now() + PAUSE_MS
    }
    for (const id of ids) {
      const key = `${size}:${id}`
      const url = urls[id]
      this.#known.set(key, { url, untilMs: url ? untilMs : this.#now() + ABSENT_MS })
      for (const resolve of waiting.get(key) ?? []) resolve(url)
    }
  }
}
