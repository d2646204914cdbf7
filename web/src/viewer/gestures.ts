import type { Point } from './zoom.ts'

export type GestureEvents = {
  /** Two fingers: by what factor they moved apart, around which point, and how far that point moved. */
  onPinch: (factor: number, at: Point, moved: Point) => void
  onDrag: (moved: Point, total: Point) => void
  onEnd: (result: { total: Point; speed: Point; wasPinch: boolean }) => void
  onTap: (at: Point, pointerType: string) => void
  onDoubleTap: (at: Point) => void
}

const TAP_PX = 8
const DOUBLE_TAP_MS = 280

/** Tells drags, pinches, taps and double taps apart. Points are counted from the middle of the element. */
export function gestures(events: GestureEvents) {
  return (element: HTMLElement) => {
    const pointers = new Map<number, Point>()
    let start: Point = { x: 0, y: 0 }
    let last: Point = { x: 0, y: 0 }
    let lastAtMs = 0
    let speed: Point = { x: 0, y: 0 }
    let wasPinch = false
    let lastTap: { atMs: number; point: Point } | undefined
    let tapTimer: ReturnType<typeof setTimeout> | undefined

    const pointOf = (event: PointerEvent): Point => {
      const rect = element.getBoundingClientRect()
      return {
        x: event.clientX - rect.left - rect.width / 2,
        y: event.clientY - rect.top - rect.height / 2,
      }
    }

    function down(event: PointerEvent) {
      if (event.button !== 0 || isControl(event.target)) return
      element.setPointerCapture(event.pointerId)
      pointers.set(event.pointerId, pointOf(event))
      if (pointers.size === 1) {
        start = last = pointOf(event)
        lastAtMs = event.timeStamp
        speed = { x: 0, y: 0 }
        wasPinch = false
      } else {
        wasPinch = true
      }
    }

    function move(event: PointerEvent) {
      const before = pointers.get(event.pointerId)
      if (!before) return
      const now = pointOf(event)
      if (pointers.size === 2) {
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1] ?? before
        const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
        const moved = { x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 }
        const factor = distance(now, other) / Math.max(1, distance(before, other))
        pointers.set(event.pointerId, now)
        events.onPinch(factor, middle, moved)
        return
      }
      pointers.set(event.pointerId, now)
      const elapsedMs = Math.max(1, event.timeStamp - lastAtMs)
      speed = { x: (now.x - last.x) / elapsedMs, y: (now.y - last.y) / elapsedMs }
      const moved = { x: now.x - last.x, y: now.y - last.y }
      last = now
      lastAtMs = event.timeStamp
      if (!wasPinch) events.onDrag(moved, { x: now.x - start.x, y: now.y - start.y })
    }

    function up(event: PointerEvent) {
      if (!pointers.delete(event.pointerId) || pointers.size > 0) return
      const total = { x: last.x - start.x, y: last.y - start.y }
      if (!wasPinch && event.type === 'pointerup' && Math.hypot(total.x, total.y) < TAP_PX) {
        tap(pointOf(event), event)
      }
      events.onEnd({ total, speed, wasPinch })
    }

    function tap(point: Point, event: PointerEvent) {
      clearTimeout(tapTimer)
      const isSecond =
        lastTap &&
        event.timeStamp - lastTap.atMs < DOUBLE_TAP_MS &&
        distance(point, lastTap.point) < TAP_PX * 3
      lastTap = isSecond ? undefined : { atMs: event.timeStamp, point }
      if (isSecond) events.onDoubleTap(point)
      else tapTimer = setTimeout(() => events.onTap(point, event.pointerType), DOUBLE_TAP_MS)
    }

    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', up)
    element.addEventListener('pointercancel', up)
    return () => {
      clearTimeout(tapTimer)
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', up)
      element.removeEventListener('pointercancel', up)
    }
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, a, video, input, textarea') !== null
}
