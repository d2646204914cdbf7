import { beforeEach, expect, test, vi } from 'vitest'
import { LONG_PRESS_MS, LongPress } from './long-press.ts'

const chosen: string[] = []
let press: LongPress

beforeEach(() => {
  vi.useFakeTimers()
  chosen.length = 0
  press = new LongPress((id) => chosen.push(id))
  return () => void vi.useRealTimers()
})

const touch = (change: Partial<PointerEvent> = {}) =>
  ({ pointerType: 'touch', isPrimary: true, clientX: 5, clientY: 5, ...change }) as PointerEvent

function mouseEvent(detail = 1) {
  const done: string[] = []
  const event = {
    detail,
    preventDefault: () => void done.push('prevented'),
    stopPropagation: () => void done.push('stopped'),
  } as unknown as MouseEvent
  return { event, done }
}

test('a finger that rests chooses, and the click that ends it reaches nothing', () => {
  press.begin(touch(), 'a')
  vi.advanceTimersByTime(LONG_PRESS_MS)
  press.end()
  const click = mouseEvent()
  press.swallow(click.event)
  const next = mouseEvent()
  press.swallow(next.event)

  expect(chosen).toEqual(['a'])
  expect(click.done).toEqual(['prevented', 'stopped'])
  expect(next.done).toEqual([])
})

test.each([
  ['is lifted soon', () => press.end()],
  ['begins to scroll', () => press.move(touch({ clientY: 30 }))],
  ['is joined by a second one', () => press.begin(touch({ isPrimary: false }), 'b')],
])('a finger that %s chooses nothing', (_, act) => {
  press.begin(touch(), 'a')
  act()
  vi.advanceTimersByTime(LONG_PRESS_MS * 2)

  expect(chosen).toEqual([])
})

test('a browser that calls the press long first is believed, and shows no menu', () => {
  press.begin(touch(), 'a')
  const menu = mouseEvent()
  press.menu(menu.event)
  vi.advanceTimersByTime(LONG_PRESS_MS)

  expect(chosen).toEqual(['a'])
  expect(menu.done).toEqual(['prevented'])
})

test('the menu of a mouse and the click of a key are left alone', () => {
  const menu = mouseEvent()
  press.menu(menu.event)
  press.begin(touch(), 'a')
  press.menu(mouseEvent().event)
  const key = mouseEvent(0)
  press.swallow(key.event)

  expect(menu.done).toEqual([])
  expect(key.done).toEqual([])
})
