import { callApi } from '../api/http.ts'

const known = new Map<string, Promise<number | undefined>>()

/** On how many photos a person is seen; undefined where that is not told. */
export function countPhotos(id: string): Promise<number | undefined> {
  const counting =
    known.get(id) ??
    callApi<{ assets: number }>('GET', `/api/people/${id}/statistics`)
      .then(({ assets }) => assets)
      .catch(() => undefined)
  known.set(id, counting)
  return counting
}

export const forgetCount = (id: string) => known.delete(id)
