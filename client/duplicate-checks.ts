import type { TaskList } from './task-list.ts'
import { ApiError, NetworkError } from './upload-errors.ts'
import { bySize, type Task } from './upload-task.ts'
import type { CheckResult, UploadsApi } from './uploads-api.ts'

const MAX_CHECKS_PER_REQUEST = 500
/** Hashed files wait this long for others to be checked with, while more are being hashed. */
const LINGER_MS = 150

type Options<Source> = {
  tasks: TaskList<Source>
  ask: (assets: Parameters<UploadsApi['check']>[0]) => Promise<{ results: CheckResult[] }>
  onDuplicate: (task: Task<Source>, found: { assetId: string; isTrashed: boolean }) => void
  onChecked: () => void
}

/**
 * Asks about many hashed files in one request. A lone file is not asked about: creating its upload answers the
 * same.
 */
export function createDuplicateChecks<Source>(options: Options<Source>) {
  const { tasks, ask, onDuplicate, onChecked } = options
  let isChecking = false
  let lingerTimer: ReturnType<typeof setTimeout> | undefined

  const check = async () => {
    lingerTimer = undefined
    const asked = bySize([...tasks.inStage('hashed')]).slice(0, MAX_CHECKS_PER_REQUEST)
    if (asked.length > 1) await askAbout(asked)
    for (const task of asked) if (task.stage === 'hashed') tasks.move(task, 'ready')
    onChecked()
  }

  const askAbout = async (asked: Task<Source>[]) => {
    isChecking = true
    try {
      const { results } = await ask(
        asked.flatMap(({ entry, hash }) =>
          hash ? [{ id: entry.id, checksum: hash.checksum }] : [],
        ),
      )
      const answers = new Map(results.map((result) => [result.id, result]))
      for (const task of asked) takeAnswer(task, answers.get(task.entry.id))
    } catch (error) {
      // Each file asks for itself when its upload is created, and says why that fails.
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error
    } finally {
      isChecking = false
    }
  }

  const takeAnswer = (task: Task<Source>, answer: CheckResult | undefined) => {
    const isOpen = task.stage === 'hashed' && tasks.has(task.entry.id)
    if (!isOpen || answer?.action !== 'reject' || !answer.assetId) return
    onDuplicate(task, { assetId: answer.assetId, isTrashed: answer.isTrashed ?? false })
  }

  return {
    start() {
      const hashed = tasks.inStage('hashed').size
      if (hashed === 0 || isChecking || lingerTimer !== undefined) return
      const mayLinger = tasks.inStage('hashing').size > 0 && hashed < MAX_CHECKS_PER_REQUEST
      lingerTimer = setTimeout(
        () => {
          // Rejects only when the queue is closed.
          check().catch(() => {})
        },
        mayLinger ? LINGER_MS : 0,
      )
    },
    close: () => clearTimeout(lingerTimer),
  }
}
