/** Asks again and again while somebody looks: what goes on in queues and models is told by nobody. */
export function lookEvery(intervalMs: () => number, ask: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  async function look() {
    if (document.visibilityState === 'visible') await ask()
    if (!isOver) timer = setTimeout(() => void look(), intervalMs())
  }
  void look()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
