const LONG_PRESS_MS = 420
const STILL_PX = 10

/** A finger that rests on a tile chooses it; the click that follows is no click. */
export class LongPress {
  readonly #onpress: (id: string) => void
  #press: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | undefined
  wasPressed = false

  constructor(onpress: (id: string) => void) {
    this.#onpress = onpress
  }

  begin(event: PointerEvent, id: string | undefined) {
    this.wasPressed = false
    if (event.pointerType !== 'touch' || id === undefined) return
    this.#press = {
      x: event.clientX,
      y: event.clientY,
      timer: setTimeout(() => {
        this.wasPressed = true
        this.#onpress(id)
        navigator.vibrate?.(12)
      }, LONG_PRESS_MS),
    }
  }

  move(event: PointerEvent) {
    const { x, y } = this.#press ?? { x: event.clientX, y: event.clientY }
    if (Math.hypot(event.clientX - x, event.clientY - y) >= STILL_PX) this.end()
  }

  end() {
    clearTimeout(this.#press?.timer)
    this.#press = undefined
  }

  /** Whether this click only ends a press. */
  swallows(event: MouseEvent): boolean {
    if (!this.wasPressed) return false
    event.preventDefault()
    this.wasPressed = false
    return true
  }
}
