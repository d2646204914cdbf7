import { z } from 'zod'

export type JsonSchema = { [key: string]: unknown }

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** zod names its shared schemas `#/definitions/X`; a field `openapi` in the metadata replaces what zod derived. */
function adapted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(adapted)
  if (!isSchema(value)) return value
  if (isSchema(value.openapi)) return value.openapi
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id' || isSchema(value.id))
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string'
          ? inner.replace(/^#\/(?:\$defs|definitions)\//, '#/components/schemas/')
          : adapted(inner),
      ]),
  )
}

/** Turns zod schemas into OpenAPI's, and gathers those with a name as components. */
export function schemaCollector() {
  const components: Record<string, JsonSchema> = {}

  function add(schema: z.ZodType): JsonSchema {
    // Inside a field a named schema becomes a reference; at the top it would be written out.
    const wrapped = z.toJSONSchema(z.object({ field: schema }), {
      target: 'openapi-3.0',
      io: 'input',
      unrepresentable: 'any',
    }) as JsonSchema
    const shared = wrapped.definitions ?? wrapped.$defs
    for (const [name, component] of Object.entries(isSchema(shared) ? shared : {})) {
      components[name] ??= adapted(component) as JsonSchema
    }
    const { field } = wrapped.properties as { field: JsonSchema }
    return adapted(field) as JsonSchema
  }

  /** The fields of an object schema, named or not, and which of them must be there. */
  function fieldsOf(schema: z.ZodType): [name: string, isRequired: boolean, schema: JsonSchema][] {
    const added = add(schema)
    const name = typeof added.$ref === 'string' ? added.$ref.split('/').at(-1) : undefined
    const object = name ? components[name] : added
    const required = Array.isArray(object?.required) ? object.required : []
    const properties = isSchema(object?.properties) ? object.properties : {}
    return Object.entries(properties).map(([field, inner]) => [
      field,
      required.includes(field),
      inner as JsonSchema,
    ])
  }

  return { components, add, fieldsOf }
}
