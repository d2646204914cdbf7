import { z } from 'zod'
import { InternalHttpError, type InternalRoute } from '#workers/runtime/internal-http.ts'
import type { Engine } from './inference/engine.ts'
import type { KindState } from './keep-spaces.ts'
import type { ModelStates } from './model-states.ts'
import { ModelUnusableError, type OpenSpaces } from './open-spaces.ts'

const KEPT_TEXTS = 500
const MAX_TEXT_LENGTH = 10_000
/** Whoever asks has given up by then; a model that has to be loaded first may take seconds. */
const LIMIT_MS = 30_000

const Query = z.object({
  text: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
  language: z.string().max(40).optional(),
  /** Vectors of another model are nothing to compare with: who asks says which space is searched. */
  model: z.string().max(100),
})
type Query = z.infer<typeof Query>

type Options = {
  engine: Engine
  models: ModelStates
  spaces: OpenSpaces
  clipState: () => KindState | undefined
}

/** Vectors of texts, the last ones from memory. */
export function answerTexts({ engine, models, spaces, clipState }: Options): InternalRoute {
  const kept = new Map<string, Promise<Float32Array>>()

  async function compute({ text, language, model }: Query): Promise<Float32Array> {
    const signal = AbortSignal.timeout(LIMIT_MS)
    const embed = () => engine.embedTexts(model, [text], { language, signal })
    const [vector] = await spaces.use({ kind: 'clip', model }, embed)
    if (!vector) throw new Error('the model answered nothing')
    return vector
  }

  /** The same question asked twice at once is computed once. */
  function embed(query: Query): Promise<Float32Array> {
    const key = JSON.stringify([query.model, query.language ?? '', query.text])
    const vector = kept.get(key) ?? compute(query)
    kept.delete(key)
    kept.set(key, vector)
    vector.catch(() => kept.delete(key))
    const [oldest] = kept.keys()
    if (kept.size > KEPT_TEXTS && oldest !== undefined) kept.delete(oldest)
    return vector
  }

  function assertUsable(model: string) {
    const { isEnabled = false, names = [] } = clipState() ?? {}
    if (!isEnabled || !names.includes(model))
      throw new InternalHttpError(503, spaces.openingOf('clip').reason)
    const { state, reason } = models.stateOf('clip', model)
    if (state !== 'ready') throw new InternalHttpError(503, reason ?? `${model} is not here yet`)
  }

  return async ({ readJson }) => {
    const query = Query.safeParse(await readJson())
    if (!query.success) throw new InternalHttpError(400, z.prettifyError(query.error))
    const { model } = query.data
    assertUsable(model)
    try {
      const vector = await embed(query.data)
      return { body: { model, dimension: vector.length, embedding: Array.from(vector) } }
    } catch (error) {
      if (error instanceof ModelUnusableError) throw new InternalHttpError(503, error.message)
      throw error
    }
  }
}
