import { expect, test } from 'vitest'
import { readSettled, write } from './writes.ts'

test('an answer that was read while something was written is asked for again', async () => {
  let stored = 'old'
  const arrived = Promise.withResolvers<void>()
  const answers: string[] = []
  const reading = readSettled(async () => {
    const answer = stored
    await new Promise((resolve) => setTimeout(resolve, 5))
    answers.push(answer)
    return answer
  })

  const writing = write(async () => {
    await arrived.promise
    stored = 'new'
  })
  setTimeout(arrived.resolve, 20)
  await writing

  expect(await reading).toBe('new')
  expect(answers).toEqual(['old', 'new'])
})

test('a write that fails holds up nothing', async () => {
  const failing = write(() => Promise.reject(new Error('away')))

  expect(await readSettled(async () => 'answer')).toBe('answer')
  await expect(failing).rejects.toThrow('away')
})
