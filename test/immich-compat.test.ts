import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { api } from '../edge/app.ts'
import { openApiDocument } from '../edge/openapi/document.ts'

/** Immich's own description of its API. It is not ours to ship, so it lies beside the repository or is absent. */
const REFERENCE = join(import.meta.dirname, '../../shared/reference/immich-openapi.json')

/** What Immich has not: the uploads of our own clients, and what they show. */
const OURS_ALONE = [
  /^\w+ \/uploads(\/|$)/,
  /^\w+ \/inbox(\/|$)/,
  /^POST \/assets\/(urls|states)$/,
  /^POST \/queues\/\{name\}\/retry-failed$/,
  /^GET \/admin\/models$/,
  /^GET \/socket\.io\/?$/,
  // Of Immich 3.2, whose tools use our server too.
  /^POST \/people\/merge$/,
]

// biome-ignore lint/suspicious/noExplicitAny: two foreign JSON documents are walked here
type Json = any

const isThere = existsSync(REFERENCE)
if (!isThere) console.log(`skipped: Immich's OpenAPI document is not at ${REFERENCE}`)

const ours: Json = openApiDocument(api.routes)
const theirs: Json = isThere ? JSON.parse(readFileSync(REFERENCE, 'utf8')) : { paths: {} }

const operations = Object.entries<Json>(ours.paths).flatMap(([path, methods]) =>
  Object.entries<Json>(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    mine: operation,
    reference: theirs.paths[path]?.[method],
  })),
)
const shared = operations.filter(({ reference }) => reference)

const nameOf = (schema: Json): string | undefined =>
  (schema?.$ref ?? schema?.allOf?.[0]?.$ref)?.split('/').at(-1)

const resolve = (document: Json, schema: Json): Json => {
  const name = nameOf(schema)
  return name ? document.components.schemas[name] : schema
}

/** A request must accept all that Immich's accepts, a response must give nothing that Immich's would not. */
type Direction = 'request' | 'response'

/** Where `mine` does not stand in for `reference`, in words; nothing when it does. */
function differences(mine: Json, reference: Json, direction: Direction, path = ''): string[] {
  const [nameHere, nameThere] = [nameOf(mine), nameOf(reference)]
  const [here, there] = [resolve(ours, mine), resolve(theirs, reference)]
  const found: string[] = []
  if (nameThere && nameHere !== nameThere) found.push(`${path}: ${nameHere} is not ${nameThere}`)
  if (!here || !there) return found
  const [wider, narrower] = direction === 'request' ? [mine, reference] : [reference, mine]
  if (narrower.nullable && !wider.nullable) found.push(`${path}: null`)
  const isWhole = direction === 'response' && here.type === 'integer' && there.type === 'number'
  if (there.type && here.type !== there.type && !isWhole) {
    found.push(`${path}: ${here.type} is not ${there.type}`)
  }
  if (there.enum && here.enum && [...here.enum].sort().join() !== [...there.enum].sort().join()) {
    found.push(`${path}: other values`)
  }
  if (there.type === 'array') {
    // A list that is always empty has members of any type.
    if (here.maxItems === 0) return found
    return [...found, ...differences(here.items, there.items, direction, `${path}[]`)]
  }
  return [...found, ...memberDifferences(here, there, direction, path)]
}

function memberDifferences(here: Json, there: Json, direction: Direction, path: string): string[] {
  const found: string[] = []
  const [needs, offers] = direction === 'request' ? [here, there] : [there, here]
  for (const name of needs.required ?? []) {
    if (!offers.required?.includes(name)) found.push(`${path}.${name}: is not always there`)
  }
  for (const [name, reference] of Object.entries<Json>(there.properties ?? {})) {
    const mine = here.properties?.[name]
    if (mine) found.push(...differences(mine, reference, direction, `${path}.${name}`))
    else if (direction === 'request') found.push(`${path}.${name}: is not read`)
  }
  return found
}

const jsonOf = (content: Json) => content?.content?.['application/json']?.schema
const successOf = (operation: Json) =>
  Object.entries<Json>(operation.responses).filter(([status]) => status.startsWith('2'))

describe.skipIf(!isThere)("against Immich's description of its API", () => {
  test('each route is one of Immich, or named as our own', () => {
    const unknown = operations
      .filter(({ reference }) => !reference)
      .filter(({ name }) => !OURS_ALONE.some((pattern) => pattern.test(name)))

    expect(unknown.map(({ name }) => name)).toEqual([])
  })

  test.each(shared)('$name asks for the same permission', ({ mine, reference }) => {
    const access = (operation: Json) => ({
      permission: operation['x-immich-permission'],
      isForAdmins: operation['x-immich-admin-only'] ?? false,
      isOpen: (operation.security ?? []).length === 0,
    })

    expect(access(mine)).toEqual(access(reference))
  })

  test.each(shared)('$name answers with the same status', ({ mine, reference }) => {
    const statuses = successOf(reference).map(([status]) => status)

    expect(statuses).toContain(successOf(mine)[0]?.[0])
  })

  test.each(shared)('$name takes the same parameters', ({ mine, reference }) => {
    const found = (mine.parameters ?? []).flatMap((parameter: Json) => {
      const twin = (reference.parameters ?? []).find(
        (other: Json) => other.name === parameter.name && other.in === parameter.in,
      )
      if (parameter.required && !twin?.required) return [`${parameter.name}: is demanded`]
      if (!twin) return []
      return differences(parameter.schema, twin.schema, 'request', parameter.name)
    })

    expect(found).toEqual([])
  })

  test.each(shared)('$name reads the same body', ({ mine, reference }) => {
    const contentOf = (operation: Json) =>
      Object.entries<Json>(operation.requestBody?.content ?? {})
    const [[type, body] = [], [typeThere, bodyThere] = []] = [
      contentOf(mine)[0],
      contentOf(reference)[0],
    ]

    const found = bodyThere ? differences(body?.schema, bodyThere.schema, 'request') : []

    expect(type).toBe(typeThere)
    expect(found).toEqual([])
  })

  test.each(shared)('$name answers in the same shape', ({ mine, reference }) => {
    const [status, response] = successOf(mine)[0] ?? []
    const [here, there] = [jsonOf(response), jsonOf(reference.responses[status ?? ''])]

    expect(Boolean(here)).toBe(Boolean(there))
    expect(there ? differences(here, there, 'response') : []).toEqual([])
  })
})
