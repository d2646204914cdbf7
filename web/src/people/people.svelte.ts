import { SvelteMap } from 'svelte/reactivity'
import { callApi } from '../api/http.ts'
import { findPerson, type Person } from './person.ts'

type PeopleAnswer = { people: Person[]; hasNextPage?: boolean; total: number; hidden: number }
type Change = Partial<Pick<Person, 'name' | 'isHidden' | 'isFavorite'>> & {
  featureFaceAssetId?: string
}

const PAGE_SIZE = 500

/** Who was seen in the library; asked for once, and changed here and there at the same moment. */
class People {
  readonly #known = new SvelteMap<string, Person>()
  readonly #asking = new Map<string, Promise<Person>>()

  peek(id: string): Person | undefined {
    return this.#known.get(id)
  }

  async load(id: string): Promise<Person | undefined> {
    const known = this.#known.get(id)
    if (known) return known
    const asking = this.#asking.get(id) ?? findPerson(id)
    this.#asking.set(id, asking)
    try {
      const person = await asking
      this.#known.set(id, person)
      return person
    } catch {
      return undefined
    } finally {
      this.#asking.delete(id)
    }
  }

  async listPage(page: number, { withHidden }: { withHidden: boolean }) {
    const answer = await callApi<PeopleAnswer>('GET', '/api/people', {
      query: { page, size: PAGE_SIZE, withHidden },
    })
    for (const person of answer.people) this.#known.set(person.id, person)
    return answer
  }

  /** Everybody, page after page. */
  async list(options: { withHidden: boolean }): Promise<Person[]> {
    const all: Person[] = []
    for (let page = 1; ; page++) {
      const { people, hasNextPage } = await this.listPage(page, options)
      all.push(...people)
      if (!hasNextPage || people.length === 0) return all
    }
  }

  async listNamed(): Promise<Person[]> {
    const { people } = await this.listPage(1, { withHidden: false })
    return people.filter(({ name }) => name).sort((a, b) => a.name.localeCompare(b.name))
  }

  async change(id: string, change: Change): Promise<Person> {
    const person = await callApi<Person>('PUT', `/api/people/${id}`, { body: change })
    this.#known.set(id, person)
    return person
  }

  async setHidden(ids: string[], isHidden: boolean) {
    const body = { people: ids.map((id) => ({ id, isHidden })) }
    await callApi('PUT', '/api/people', { body })
    for (const id of ids) {
      const person = this.#known.get(id)
      if (person) this.#known.set(id, { ...person, isHidden })
    }
  }

  /** All of them become one. */
  async merge(id: string, ids: string[]): Promise<void> {
    await callApi('POST', `/api/people/${id}/merge`, { body: { ids } })
    for (const gone of ids) this.#known.delete(gone)
    this.#known.delete(id)
    await this.load(id)
  }

  /** The server has a newer one: what is shown stays until it is there. */
  async refresh(id: string) {
    try {
      this.#known.set(id, await findPerson(id))
    } catch {
      this.#known.delete(id)
    }
  }
}

export const people = new People()
