import type { QueueName } from '#contracts/jobs/define-job.ts'
import { SystemConfig } from '#contracts/system-config.ts'
import type { Db } from '#db/client.ts'
import { databaseErrorOf } from '#db/database-error.ts'
import { recordRecognition } from '#db/queries/model-work.ts'
import { readSystemConfig } from '#db/queries/system-config.ts'
import {
  activateSpace,
  dropRetiredSpaces,
  findSpaces,
  openSpace,
  type VectorSpace,
} from '#db/queries/vector-spaces.ts'
import type { Log } from '#workers/runtime/log.ts'
import { isOutage } from '#workers/runtime/outage.ts'
import { createBackFill } from './back-fill.ts'
import type { Engine, ModelKind } from './inference/engine.ts'
import { kinds, modelKinds } from './kinds.ts'
import type { ModelStates } from './model-states.ts'
import type { OpenSpaces } from './open-spaces.ts'

/** What jobs of one batch are to the engine: as many wait for it as it computes at once, and as many again. */
const JOBS_PER_UNIT = 16

/** Going back to the model before costs nothing for so long. */
const RETIRED_KEPT_MS = 24 * 60 * 60 * 1000
const DROP_EVERY_MS = 10 * 60 * 1000

export type Timing = {
  /** Between two looks at settings, spaces and models. */
  lookMs: number
  /** Between two looks for assets that the model of a space has not seen. */
  buildingMs: number
  activeMs: number
  /** Before a model that could not be fetched or loaded is tried again. */
  modelRetryMs: number
}
export const TIMING: Timing = {
  lookMs: 3000,
  buildingMs: 3000,
  activeMs: 10 * 60 * 1000,
  modelRetryMs: 60_000,
}

/** What the queues of this process can be told. */
export type Queues = {
  pause(queue: QueueName): Promise<void>
  resume(queue: QueueName): Promise<void>
  setConcurrency(queue: QueueName, jobsAtOnce: number): void
}

type Options = {
  db: Db
  engine: Engine
  models: ModelStates
  spaces: OpenSpaces
  log: Log
  timing: Timing
}

/** A kind of model as an administrator sees it. */
export type KindState = { isEnabled: boolean; names: string[] }

/**
 * Follows the settings: which models are wanted, whether they are here, into which spaces their vectors go. A model
 * other than the one in use gets a space beside it, which takes its place when every picture is in it.
 */
export function keepSpaces(options: Options) {
  const { db, engine, models, spaces: openSpaces, log, timing } = options
  const clock = () => performance.now()
  const backFill = createBackFill({ db, clock, pauses: timing })
  const kindStates = new Map<ModelKind, KindState>()
  const running = new Set<ModelKind>()
  /** Spaces whose faces have been compared by this process. */
  const recognized = new Set<number>()
  let config = SystemConfig.parse({})
  let nextDropAt = clock() + DROP_EVERY_MS
  let timer: NodeJS.Timeout | undefined
  let looking = Promise.resolve()
  let isStopped = false
  let lastTold = ''

  const lookAt = (kind: ModelKind, name: string, settings: SystemConfig) =>
    models.look(
      { kind, name },
      { isAccepted: settings.machineLearning.acceptedModels.includes(name) },
    )

  async function currentSpaces(kind: ModelKind): Promise<VectorSpace[]> {
    const all = await findSpaces(db)
    return all.filter((space) => space.kind === kind && space.state !== 'retired')
  }

  /** The spaces of a kind that are written into; the model that is wanted gets one if it has none. */
  async function spacesWith(kind: ModelKind, wanted: string): Promise<VectorSpace[]> {
    const current = await currentSpaces(kind)
    const isOther = ({ state, model }: VectorSpace) => state === 'building' && model !== wanted
    if (current.some(({ model }) => model === wanted) && !current.some(isOther)) return current
    try {
      const dimension = await engine.dimensionOf(kind, wanted)
      const { state } = await openSpace(db, { kind, model: wanted, dimension })
      log.info({ kind, model: wanted, dimension, state }, 'vectors have a space')
    } catch (error) {
      if (isOutage(error) || !(error instanceof Error)) throw error
      log.error({ err: error, kind, model: wanted }, 'the model cannot be used')
      // What the database says, not with which statement it was asked.
      const told = databaseErrorOf(error)
      models.note(kind, wanted, told ? new Error(told.message, { cause: error }) : error)
    }
    return await currentSpaces(kind)
  }

  async function lookAtKind(kind: ModelKind, settings: SystemConfig, queues: Queues) {
    const { enabled, modelName } = kinds[kind].settingsIn(settings)
    const isEnabled = settings.machineLearning.enabled && enabled
    const { state } = await lookAt(kind, modelName, settings)
    const isWanted = isEnabled && state === 'ready'
    const current = isWanted ? await spacesWith(kind, modelName) : await currentSpaces(kind)
    const usable: VectorSpace[] = []
    for (const space of isEnabled ? current : []) {
      const { state: now } = await lookAt(kind, space.model, settings)
      if (now === 'ready' && (await isFitting(space))) usable.push(space)
    }
    kindStates.set(kind, {
      isEnabled,
      names: [...new Set([modelName, ...current.map(({ model }) => model)])],
    })
    const { reason } = models.stateOf(kind, modelName)
    openSpaces.set(kind, {
      spaces: usable,
      reason: isEnabled ? (reason ?? 'The model is being fetched.') : 'It is switched off.',
    })
    await follow(kind, usable.length > 0, queues)
    const { queue, concurrencyIn } = kinds[kind]
    queues.setConcurrency(queue, concurrencyIn(settings) * JOBS_PER_UNIT)
    for (const space of usable) await bringUpToDate(space)
  }

  /** Under one name another model may lie in the folder, at any time, than the one that the space was made for. */
  async function isFitting({ kind, model, dimension }: VectorSpace): Promise<boolean> {
    try {
      const now = await engine.dimensionOf(kind, model)
      if (now !== dimension)
        throw new Error(
          `${model} makes vectors of ${now} dimensions, and those kept have ${dimension}`,
        )
    } catch (error) {
      if (!(error instanceof Error)) throw error
      log.error({ err: error, kind, model }, 'the model cannot be used')
      models.note(kind, model, error)
      return false
    }
    models.accept(kind, model)
    return true
  }

  async function follow(kind: ModelKind, isOpen: boolean, queues: Queues) {
    if (isOpen === running.has(kind)) return
    const { queue } = kinds[kind]
    if (isOpen) running.add(kind)
    else running.delete(kind)
    await (isOpen ? queues.resume(queue) : queues.pause(queue))
    const { reason } = openSpaces.openingOf(kind)
    log.info({ queue, ...(!isOpen && { reason }) }, isOpen ? 'jobs go on' : 'jobs wait')
  }

  async function bringUpToDate(space: VectorSpace) {
    const { id, kind, model, state } = space
    // Also at the start: whoever let the space take its place may not have lived to see to this.
    if (kind === 'face' && state === 'active' && !recognized.has(id)) {
      await recordRecognition(db)
      recognized.add(id)
    }
    const isPassDone = await backFill.step(space)
    if (!isPassDone || state !== 'building') return
    if (await activateSpace(db, { spaceId: id }))
      log.info({ kind, model }, 'another model is in use')
  }

  async function look(queues: Queues) {
    config = await readSystemConfig(db)
    for (const kind of modelKinds) await lookAtKind(kind, config, queues)
    lastTold = ''
    if (clock() < nextDropAt) return
    nextDropAt = clock() + DROP_EVERY_MS
    const dropped = await dropRetiredSpaces(db, { olderThanMs: RETIRED_KEPT_MS })
    if (dropped > 0) log.info({ dropped }, 'vectors of models that are not in use are gone')
  }

  /** Once, not at every look. */
  function tell(error: unknown) {
    const message = String(error)
    if (message !== lastTold) log.warn({ err: error }, 'could not look after the models')
    lastTold = message
  }

  return {
    kindStateOf: (kind: ModelKind): KindState | undefined => kindStates.get(kind),
    /** As they were read last; jobs run after the first look. */
    config: () => config,
    start(queues: Queues) {
      function next() {
        looking = look(queues)
          .catch(tell)
          .then(() => {
            if (!isStopped) timer = setTimeout(next, timing.lookMs)
          })
      }
      next()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await looking
    },
  }
}
