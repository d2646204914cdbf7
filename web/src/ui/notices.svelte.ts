export type Notice = {
  id: number
  text: string
  tone: 'plain' | 'bad'
  action?: { label: string; run: () => void }
}

const SHOWN_MS = 6_000
const SHOWN_WITH_ACTION_MS = 9_000

/** Short messages at the lower edge; a newer one replaces an older one that offers nothing. */
class Notices {
  list = $state.raw<Notice[]>([])
  #timers = new Map<number, ReturnType<typeof setTimeout>>()
  #nextId = 1

  show(text: string, { tone = 'plain', action }: Partial<Pick<Notice, 'tone' | 'action'>> = {}) {
    const id = this.#nextId++
    this.list = [...this.list.slice(-2), { id, text, tone, ...(action ? { action } : {}) }]
    this.resume(id)
    return id
  }

  dismiss(id: number) {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    this.list = this.list.filter((notice) => notice.id !== id)
  }

  /** Nobody can press Undo in a message that leaves while the pointer is on its way. */
  hold(id: number) {
    clearTimeout(this.#timers.get(id))
  }

  resume(id: number) {
    const notice = this.list.find((candidate) => candidate.id === id)
    if (!notice) return
    clearTimeout(this.#timers.get(id))
    const shownMs = notice.action ? SHOWN_WITH_ACTION_MS : SHOWN_MS
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), shownMs),
    )
  }
}

export const notices = new Notices()
