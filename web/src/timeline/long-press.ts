export const LONG_PRESS_MS = 420
const STILL_PX = 10

/** A finger that rests on a tile chooses it; the click that follows is no click. */
export class LongPress {
  readonly #onpress: (id: string) => void
  #press: { id: string; timer: ReturnType<typeof setTimeout>; x: number; y: number } | undefined
  #wasPressed = false

  constructor(onpress: (id: string) => void) {
    this.#onpress = onpress
  }

  begin(event: PointerEvent, id: string | undefined) {
    // Two fingers are no press of one of them.
    this.end()
    this.#wasPressed = false
    if (event.pointerType !== 'touch' || !event.isPrimary || id === undefined) return
    const timer = setTimeout(() => this.#choose(), LONG_PRESS_MS)
    this.#press = { id, timer, x: event.clientX, y: event.clientY }
  }

  move(event: PointerEvent) {
    const { x, y } = this.#press ?? { x: event.clientX, y: event.clientY }
    if (Math.hypot(event.clientX - x, event.clientY - y) >= STILL_PX) this.end()
  }

  end() {
    clearTimeout(this.#press?.timer)
    this.#press = undefined
  }

  #choose() {
    const { id } = this.#press ?? {}
    this.end()
    if (id === undefined) return
    this.#wasPressed = true
    this.#onpress(id)
    navigator.vibrate?.(12)
  }

  /** The browser has a clock of its own for a long press, and on a slow device it is heard first. */
  menu(event: MouseEvent) {
    this.#choose()
    if (this.#wasPressed) event.preventDefault()
  }

  /** Takes the click that only ends a press away from all it may land on; to be asked before anything inside hears it. */
  swallow(event: MouseEvent) {
    const isOfKeyboard = event.detail === 0
    if (!this.#wasPressed || isOfKeyboard) return
    this.#wasPressed = false
    event.preventDefault()
    event.stopPropagation()
  }
}
