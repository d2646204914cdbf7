import { expect, test } from 'vitest'
import { countLine, countTests } from './run-tests.ts'

const report = (changes: Partial<Parameters<typeof countTests>[0]>) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
})

test('the last line counts tests', () => {
  expect(countLine(countTests(report({})))).toBe('3 passed, 0 failed')
})

test('skipped tests are told', () => {
  expect(countLine(countTests(report({ numPendingTests: 2 })))).toBe(
    '3 passed, 0 failed, 2 skipped',
  )
})

test('a file that breaks before its first test is a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'failed', assertionResults: [{ status: 'failed' }] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ]

  expect(countLine(countTests(report({ numFailedTests: 1, testResults })))).toBe(
    '3 passed, 2 failed',
  )
})
