import { expect, test } from 'vitest'
import { withoutSecrets } from './log.ts'

test('signatures, tokens and passwords do not reach the log', () => {
  const text =
    'GET http://s3/b/k?X-Amz-Credential=AK%2F1&X-Amz-Signature=abc123&x=1 Authorization: Bearer to.ken-1 redis://:pw@host/0'

  expect(withoutSecrets(text)).toBe(
    'GET http://s3/b/k?X-Amz-Credential=…&X-Amz-Signature=…&x=1 Authorization: Bearer … redis://:…@host/0',
  )
})
