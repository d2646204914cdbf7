import type { Stage, Task } from './upload-task.ts'

const STAGES: Stage[] = [
  'waiting',
  'hashing',
  'hashed',
  'ready',
  'sending',
  'verifying',
  'parked',
  'settled',
]
const ACTIVE_STAGES: Stage[] = ['waiting', 'hashing', 'hashed', 'ready', 'sending', 'verifying']

/** The queue's files in the order of adding, and by stage, so that ten thousand of them cost no sorting. */
export function createTaskList<Source>() {
  const tasks = new Map<string, Task<Source>>()
  const stages = new Map(STAGES.map((stage) => [stage, new Set<Task<Source>>()]))
  const inStage = (stage: Stage): ReadonlySet<Task<Source>> => stages.get(stage) ?? new Set()

  return {
    inStage,
    get: (id: string) => tasks.get(id),
    has: (id: string) => tasks.has(id),
    all: () => [...tasks.values()],
    add(task: Task<Source>) {
      tasks.set(task.entry.id, task)
      stages.get(task.stage)?.add(task)
    },
    remove(task: Task<Source>) {
      tasks.delete(task.entry.id)
      stages.get(task.stage)?.delete(task)
    },
    /** A task that was removed meanwhile stays out. */
    move(task: Task<Source>, stage: Stage) {
      stages.get(task.stage)?.delete(task)
      task.stage = stage
      if (tasks.has(task.entry.id)) stages.get(stage)?.add(task)
    },
    smallest(stage: Stage, isWanted: (task: Task<Source>) => boolean = () => true) {
      let smallest: Task<Source> | undefined
      for (const task of inStage(stage)) {
        const isSmaller = !smallest || task.entry.sizeBytes < smallest.entry.sizeBytes
        if (isSmaller && isWanted(task)) smallest = task
      }
      return smallest
    },
    get isActive() {
      return ACTIVE_STAGES.some((stage) => inStage(stage).size > 0)
    },
  }
}

export type TaskList<Source> = ReturnType<typeof createTaskList<Source>>
