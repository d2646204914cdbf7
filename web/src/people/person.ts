import { callApi } from '../api/http.ts'

/** Immich's PersonResponseDto. */
export type Person = {
  id: string
  name: string
  birthDate: string | null
  thumbnailPath: string
  isHidden: boolean
  isFavorite?: boolean
  updatedAt?: string
}

/** Its own address after each change, so that a new cover is never the old one from the cache. */
export const facePath = ({ id, updatedAt }: { id: string; updatedAt?: string }) =>
  `/api/people/${id}/thumbnail${updatedAt ? `?updatedAt=${encodeURIComponent(updatedAt)}` : ''}`

export const nameOf = (person: Pick<Person, 'name'>) => person.name || 'Unnamed person'

export const findPerson = (id: string) => callApi<Person>('GET', `/api/people/${id}`)

/** Favourites first, then who has a name; otherwise the server's order stays, which is by photos. */
export function byImportance(a: Person, b: Person): number {
  return rank(a) - rank(b)
}

const rank = ({ isFavorite, name }: Person) => (isFavorite ? 0 : name ? 1 : 2)

const MOST_NAMES = 4

/** Others whose name begins so: whoever types it may mean the same person. */
export function namesLike(text: string, everybody: readonly Person[], exceptId: string): Person[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return []
  return everybody
    .filter(({ id, name }) => id !== exceptId && ` ${name.toLowerCase()}`.includes(` ${wanted}`))
    .slice(0, MOST_NAMES)
}
