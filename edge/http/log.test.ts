import { expect, test } from 'vitest'
import { describeError } from './log.ts'

test('an error loses parameters, signatures and tokens, in its causes too', () => {
  const cause = new Error('GET http://store/x?X-Amz-Signature=abc123&y=1 with Bearer tok.en')
  const error = new Error('Failed query: select 1\nparams: hunter2,a@b.c', { cause })

  const told = JSON.stringify(describeError(error))

  expect(told).toContain('Failed query: select 1')
  expect(told).toContain('X-Amz-Signature=…&y=1')
  for (const secret of ['hunter2', 'a@b.c', 'abc123', 'tok.en']) expect(told).not.toContain(secret)
})
