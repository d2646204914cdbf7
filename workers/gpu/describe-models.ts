import type { Engine } from './inference/engine.ts'
import type { KindState } from './keep-spaces.ts'
import { modelKinds } from './kinds.ts'
import type { ModelStates } from './model-states.ts'
import type { OpenSpaces } from './open-spaces.ts'

type Options = {
  engine: Engine
  models: ModelStates
  spaces: OpenSpaces
  kindStateOf: (kind: (typeof modelKinds)[number]) => KindState | undefined
}

/** The models that are wanted or in use, and why one of them is not there: what an administrator is shown. */
export function describeModels({ engine, models, spaces, kindStateOf }: Options) {
  const loaded = new Set(engine.loaded().map(({ name }) => name))
  return {
    provider: engine.provider(),
    models: modelKinds.flatMap((kind) => {
      const { isEnabled = false, names = [] } = kindStateOf(kind) ?? {}
      return names.map((name) => {
        const { state, reason, sizeBytes, licence, progress } = models.stateOf(kind, name)
        const now = state === 'ready' && loaded.has(name) ? 'loaded' : state
        return {
          kind,
          name,
          state: isEnabled ? now : 'disabled',
          reason: isEnabled ? reason : spaces.openingOf(kind).reason,
          sizeBytes,
          licence,
          progress,
        }
      })
    }),
  }
}
