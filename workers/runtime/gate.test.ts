import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

test('lets ordinary jobs in beside each other', () => {
  const gate = createGate()

  expect(gate.tryEnter()).toBeDefined()
  expect(gate.tryEnter()).toBeDefined()
})

test('a job that must be alone waits until the others left, and keeps later ones out', async () => {
  const gate = createGate()
  const order: string[] = []
  const leaveFirst = gate.tryEnter()
  const alone = gate.enterAlone().then((leave) => {
    order.push('alone')
    return leave
  })
  const later = gate.enter().then(() => order.push('later'))

  expect(gate.tryEnter()).toBeUndefined()
  leaveFirst?.()
  const leaveAlone = await alone
  expect(order).toEqual(['alone'])
  expect(gate.tryEnter()).toBeUndefined()
  leaveAlone()
  await later

  expect(order).toEqual(['alone', 'later'])
})

test('leaving twice frees one place only', async () => {
  const gate = createGate()
  const leave = gate.tryEnter()
  gate.tryEnter()
  let isAlone = false
  void gate.enterAlone().then(() => {
    isAlone = true
  })

  leave?.()
  leave?.()
  await new Promise(setImmediate)

  expect(isAlone).toBe(false)
})
