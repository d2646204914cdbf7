const KEY = 'tintype.searches'
const MOST = 8

/** What was searched for in this browser, newest first. */
class RecentSearches {
  list = $state.raw<string[]>(read())

  add(words: string) {
    const text = words.trim()
    if (!text) return
    this.#keep([text, ...this.list.filter((one) => one.toLowerCase() !== text.toLowerCase())])
  }

  clear() {
    this.#keep([])
  }

  #keep(list: string[]) {
    this.list = list.slice(0, MOST)
    try {
      localStorage.setItem(KEY, JSON.stringify(this.list))
    } catch {
      // Without storage they last as long as the page.
    }
  }
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(stored) ? stored.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}

export const recentSearches = new RecentSearches()
