import type { RouterRoute } from 'hono/types'
import { ErrorDto } from '#contracts/api/common.ts'
import { factOf, type RouteFact } from '../http/route-facts.ts'
import { API_VERSION } from '../server/version.ts'
import { type JsonSchema, schemaCollector } from './schemas.ts'

export type Route = { method: string; path: string; facts: RouteFact[] }
type Collector = ReturnType<typeof schemaCollector>

/** Immich's tags by the first part of the path. */
const TAGS: Record<string, string> = {
  admin: 'Users (admin)',
  albums: 'Albums',
  'api-keys': 'API keys',
  assets: 'Assets',
  auth: 'Authentication',
  server: 'Server',
  sessions: 'Sessions',
  timeline: 'Timeline',
  trash: 'Trash',
  uploads: 'Uploads',
  users: 'Users',
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'Bearer', bearerFormat: 'JWT' },
  cookie: { type: 'apiKey', in: 'cookie', name: 'immich_access_token' },
  api_key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
}

/** The route table with what its middlewares say: one entry per method and path. */
export function describeRoutes(routes: RouterRoute[]): Route[] {
  const described = new Map<string, Route>()
  for (const { method, path, handler } of routes) {
    if (method === 'ALL') continue
    const key = `${method} ${path}`
    const route = described.get(key) ?? { method, path, facts: [] }
    const fact = factOf(handler)
    if (fact) route.facts.push(fact)
    described.set(key, route)
  }
  return [...described.values()]
}

export const accessOf = ({ facts }: Route) =>
  facts.flatMap((fact) => ('access' in fact ? [fact.access] : []))[0]
export const inputsOf = ({ facts }: Route) =>
  facts.flatMap((fact) => ('input' in fact ? [fact.input] : []))
export const answerOf = ({ facts }: Route) =>
  facts.flatMap((fact) => ('answer' in fact ? [fact.answer] : []))[0]

const PLACES: Record<string, string> = { param: 'path', query: 'query', header: 'header' }
const BODIES: Record<string, string> = { json: 'application/json', form: 'multipart/form-data' }

function parametersOf(route: Route, schemas: Collector) {
  return inputsOf(route).flatMap(({ target, schema }) => {
    const place = PLACES[target]
    if (!place) return []
    return schemas
      .fieldsOf(schema)
      .map(([name, required, inner]) => ({ name, in: place, required, schema: inner }))
  })
}

function requestBodyOf(route: Route, schemas: Collector) {
  const body = inputsOf(route).find(({ target }) => BODIES[target])
  if (!body) return {}
  const contentType = BODIES[body.target] ?? ''
  const content = { [contentType]: { schema: schemas.add(body.schema) } }
  return { requestBody: { required: true, content } }
}

function responsesOf(route: Route, schemas: Collector): JsonSchema {
  const failure = { 'application/json': { schema: schemas.add(ErrorDto) } }
  const otherwise = { default: { description: 'What went wrong', content: failure } }
  const answer = answerOf(route)
  if (!answer) return otherwise
  const { status, schema, contentType } = answer
  const binary = { type: 'string', format: 'binary' }
  const isJson = contentType === 'application/json'
  const described = schema ? schemas.add(schema) : isJson ? undefined : binary
  const content = described && { content: { [contentType]: { schema: described } } }
  return { [status]: { description: '', ...content }, ...otherwise }
}

function operationOf(route: Route, schemas: Collector): JsonSchema {
  const access = accessOf(route)
  const parameters = parametersOf(route, schemas)
  const isOpen = access?.kind === 'public'
  return {
    tags: [TAGS[route.path.split('/')[2] ?? ''] ?? 'Tintype'],
    ...(parameters.length > 0 && { parameters }),
    ...requestBodyOf(route, schemas),
    responses: responsesOf(route, schemas),
    ...(!isOpen && { security: [{ bearer: [] }, { cookie: [] }, { api_key: [] }] }),
    ...(access && access.kind !== 'public' && access.permission
      ? { 'x-immich-permission': access.permission }
      : {}),
    ...(access?.kind === 'admin' && { 'x-immich-admin-only': true }),
  }
}

/** The OpenAPI document of everything below /api. */
export function openApiDocument(routes: RouterRoute[]) {
  const schemas = schemaCollector()
  const paths: Record<string, JsonSchema> = {}
  for (const route of describeRoutes(routes)) {
    if (!route.path.startsWith('/api/')) continue
    const path = route.path.replace(/^\/api/, '').replace(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) }
  }
  const sorted = <Value>(record: Record<string, Value>) =>
    Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => a.localeCompare(b)))
  return {
    openapi: '3.0.0',
    info: { title: 'Tintype', description: 'Tintype API', version: API_VERSION },
    servers: [{ url: '/api' }],
    paths: sorted(paths),
    components: { securitySchemes: SECURITY_SCHEMES, schemas: sorted(schemas.components) },
  }
}
