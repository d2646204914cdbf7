import { expect, test } from 'vitest'
import { createLog } from '#workers/runtime/log.ts'
import { createModelStates, type ModelStore } from './model-states.ts'

const RETRY_MS = 100
const log = createLog({ process: 'test', level: 'silent' })
const store: ModelStore = {
  find: async (_, name) => `/models/${name}`,
  describe: async () => undefined,
  fetch: async () => {},
}

function setup() {
  let now = 0
  const models = createModelStates({ store, log, clock: () => now, retryMs: RETRY_MS })
  const look = async () =>
    (await models.look({ kind: 'clip', name: 'x' }, { isAccepted: false })).state
  return {
    look,
    fail: (reason: string) => models.note('clip', 'x', new Error(reason)),
    accept: () => models.accept('clip', 'x'),
    told: () => {
      const { state, reason } = models.stateOf('clip', 'x')
      return [state, reason]
    },
    letPass: () => {
      now += RETRY_MS
    },
  }
}

test('a model that failed is tried after a while, and has failed for everybody else until it works', async () => {
  const { look, fail, accept, told, letPass } = setup()
  fail('torn')

  const early = await look()
  letPass()
  const late = await look()
  const whileTried = told()
  accept()

  expect([early, late]).toEqual(['failed', 'ready'])
  expect(whileTried).toEqual(['failed', 'torn'])
  expect(told()).toEqual(['ready', null])
})

test('a model that fails again while it is tried stays failed', async () => {
  const { look, fail, accept, told, letPass } = setup()
  fail('torn')
  letPass()
  await look()

  fail('still torn')
  accept()

  expect(told()).toEqual(['failed', 'still torn'])
})
