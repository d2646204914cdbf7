import { expect, test } from 'vitest'
import { DecoderDiedError } from './decode-error.ts'
import { ChildFailedError, runChild } from './run-child.ts'

const limits = { timeoutMs: 10_000, memoryBytes: 1024 ** 3 }
const sh = (script: string, change = {}) =>
  runChild({ command: 'sh', args: ['-c', script], limits: { ...limits, ...change } })

test('gives what the program wrote, and hands arguments on as they are', async () => {
  const output = await runChild({ command: 'printf', args: ['%s', "a 'b' $(id) ü"], limits })

  expect(output.toString()).toBe("a 'b' $(id) ü")
})

test('a program that judges its input fails with what it said', async () => {
  const failure = await sh('echo bad header >&2; exit 3').catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(ChildFailedError)
  expect((failure as ChildFailedError).stderr).toContain('bad header')
})

test.each([
  ['crashes', 'kill -SEGV $$', {}],
  ['hangs', 'sleep 30', { timeoutMs: 200 }],
  ['writes without end', 'yes', {}],
])('a program that %s has died', async (_, script, change) => {
  await expect(sh(script, change)).rejects.toThrow(DecoderDiedError)
})

test.skipIf(process.platform !== 'linux')(
  'a program that takes more memory than it may dies',
  async () => {
    const script = "my $x = 'x' x 500_000_000; print length $x"
    const greedy = runChild({
      command: 'perl',
      args: ['-e', script],
      limits: { ...limits, memoryBytes: 200 * 1024 ** 2 },
    })

    await expect(greedy).rejects.toThrow(DecoderDiedError)
  },
)

test('helpers of a stopped program stop with it', async () => {
  const controller = new AbortController()
  const args = ['-c', 'sleep 60 & echo $! >&2; echo started; wait']
  const running = runChild({ command: 'sh', args, limits, signal: controller.signal })
  const reason = running.catch((error: unknown) => error)
  await new Promise((resolve) => setImmediate(resolve))

  controller.abort(new Error('shutting down'))

  expect(await reason).toMatchObject({ message: 'shutting down' })
})

test('secrets of this process do not reach a decoder', async () => {
  process.env.SECRET_OF_THE_TEST = 'secret'

  expect((await sh('env')).toString()).not.toContain('SECRET_OF_THE_TEST')
})

test('a program that is not installed is named', async () => {
  const missing = runChild({ command: 'no-such-decoder', args: [], limits })

  await expect(missing).rejects.toThrow('no-such-decoder is not installed')
})
