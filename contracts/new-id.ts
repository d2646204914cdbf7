import { v7 } from 'uuid'

/** A UUIDv7: ids made in one process ascend in the order they were made. */
export function newId<Id extends string = string>(): Id {
  return v7() as Id // a brand exists only in types
}
