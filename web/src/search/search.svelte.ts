import { router } from '../router.svelte.ts'
import { recentSearches } from './recent-searches.svelte.ts'
import { NOTHING, parseSearch, type SearchQuery, searchText } from './search-query.ts'

/** What the page shows now is searched for; elsewhere nothing. */
export const currentSearch = (): SearchQuery =>
  router.route.page === 'search' ? parseSearch(router.route.query) : NOTHING

export function searchFor(query: SearchQuery) {
  const text = searchText(query)
  recentSearches.add(query.words)
  if (router.route.page === 'search' && router.route.query === text) return
  router.go({ page: 'search', query: text })
}

class SearchBoxState {
  /** Counts the times that somebody asked for the field from afar. */
  wanted = $state(0)

  focus() {
    this.wanted++
  }
}

export const searchBox = new SearchBoxState()
