import { expect, test } from 'vitest'
import { PermanentError } from '#contracts/errors.ts'
import { createLog } from './log.ts'
import { isOutage, OutageError, throughOutages } from './outage.ts'

const log = createLog({ process: 'test', level: 'fatal' })
const withCode = (code: string) => Object.assign(new Error('no'), { code })

test.each([
  ['a refused connection', withCode('ECONNREFUSED')],
  ['Postgres shutting down', withCode('57P01')],
  ['a store that asks to slow down', withCode('SlowDown')],
  [
    'an outage under two wrappers',
    new Error('a', { cause: new Error('b', { cause: withCode('ECONNRESET') }) }),
  ],
  ['one of several attempts', new AggregateError([new Error('x'), withCode('ETIMEDOUT')])],
  ['a broken Postgres connection', new Error('Connection terminated unexpectedly')],
])('%s is an outage', (_, error) => {
  expect(isOutage(error)).toBe(true)
})

test.each([
  ['a bug', new TypeError('x is undefined')],
  ['a bad file', new PermanentError('not an image')],
  ['a broken pipe to a decoder', withCode('EPIPE')],
  ['a violated constraint', withCode('23505')],
])('%s is no outage', (_, error) => {
  expect(isOutage(error)).toBe(false)
})

test('repeats the work until the store is back', async () => {
  let tries = 0
  const work = async () => {
    tries += 1
    if (tries < 3) throw withCode('ECONNREFUSED')
    return 'done'
  }

  expect(await throughOutages(work, { log })).toBe('done')
  expect(tries).toBe(3)
})

test('gives up waiting in place after the limit', async () => {
  const work = async () => {
    throw withCode('ECONNREFUSED')
  }

  await expect(throughOutages(work, { log, waitInPlaceMs: 300 })).rejects.toThrow(OutageError)
})
