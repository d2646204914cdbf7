import type { LibraryPage, Route } from '../router.svelte.ts'
import type { IconName } from '../ui/icons.ts'

export const TITLES: Record<LibraryPage, string> = {
  photos: 'Photos',
  favourites: 'Favourites',
  archive: 'Archive',
  trash: 'Trash',
}

export const PAGE_ICONS: Record<LibraryPage, IconName> = {
  photos: 'photos',
  favourites: 'heart',
  archive: 'archive',
  trash: 'trash',
}

type Entry = { route: Route; label: string; icon: IconName; isCurrent: (route: Route) => boolean }

const library = (page: LibraryPage): Entry => ({
  route: { page },
  label: TITLES[page],
  icon: PAGE_ICONS[page],
  isCurrent: (route) => route.page === page,
})

/** What the rail, and on a phone the bar, lead to. */
export const NAVIGATION: Entry[] = [
  library('photos'),
  {
    route: { page: 'people' },
    label: 'People',
    icon: 'users',
    isCurrent: ({ page }) => page === 'people' || page === 'person',
  },
  {
    route: { page: 'map', query: '' },
    label: 'Map',
    icon: 'map',
    isCurrent: ({ page }) => page === 'map',
  },
  library('favourites'),
  library('archive'),
  library('trash'),
]
