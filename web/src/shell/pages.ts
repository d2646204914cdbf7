import type { LibraryPage } from '../router.svelte.ts'
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
