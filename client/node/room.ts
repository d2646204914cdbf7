/** So many inside at a time; whoever comes then waits for one to leave. */
export function createRoom(size: number) {
  let inside = 0
  const waiting: (() => void)[] = []
  return {
    async enter() {
      if (inside >= size) await new Promise<void>((resolve) => waiting.push(resolve))
      else inside += 1
    },
    /** The place goes to who has waited longest. */
    leave() {
      const next = waiting.shift()
      if (next) next()
      else inside -= 1
    },
  }
}
