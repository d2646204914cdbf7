/** Lets go of one's place; safe to call twice. */
export type Leave = () => void

export type Gate = {
  /** A place beside the others, if nobody is alone or waits to be. */
  tryEnter(): Leave | undefined
  enter(): Promise<Leave>
  /** The only place: comes when the others have left, and nobody enters before it is left. */
  enterAlone(): Promise<Leave>
}

type Waiting = { alone: boolean; admit: (leave: Leave) => void }

/** First come, first served, so that a stream of ordinary jobs cannot keep a suspect waiting for ever. */
export function createGate(): Gate {
  const queue: Waiting[] = []
  let inside = 0
  let isTakenAlone = false

  function place(alone: boolean): Leave {
    inside += 1
    isTakenAlone = alone
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      inside -= 1
      isTakenAlone = false
      admitWaiting()
    }
  }

  const hasRoom = (alone: boolean) => (alone ? inside === 0 : !isTakenAlone)

  function admitWaiting(): void {
    for (let next = queue[0]; next && hasRoom(next.alone); next = queue[0]) {
      queue.shift()
      next.admit(place(next.alone))
    }
  }

  function wait(alone: boolean): Promise<Leave> {
    return new Promise((admit) => {
      queue.push({ alone, admit })
      admitWaiting()
    })
  }

  return {
    tryEnter: () => (queue.length === 0 && hasRoom(false) ? place(false) : undefined),
    enter: () => wait(false),
    enterAlone: () => wait(true),
  }
}
