const reduced = matchMedia('(prefers-reduced-motion: reduce)')

export const prefersStill = () => reduced.matches

/** For transitions in script; those in CSS read the same wish from their own tokens. */
export const calmMs = () => (reduced.matches ? 0 : 220)

/** Runs a change of the page as one movement where the browser can and the person wants it. */
export function withViewTransition(change: () => void | Promise<void>): Promise<void> {
  if (reduced.matches || !document.startViewTransition) return Promise.resolve(change())
  const transition = document.startViewTransition(change)
  // A transition that is skipped (a hidden page, a newer one) still makes its change.
  transition.ready.catch(() => {})
  return transition.finished.catch(() => {})
}
