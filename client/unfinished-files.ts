import type { UploadDto } from '#contracts/api/uploads.ts'
import type { TaskList } from './task-list.ts'
import { createTask, type Task } from './upload-task.ts'
import type { FileFacts, UploadEntry, UploadPlatform, UploadStore } from './upload-types.ts'

/** Younger uploads of other devices are most likely on their way there right now. */
const OTHERS_OLDER_THAN_MS = 60 * 60_000

type Options<Source> = {
  tasks: TaskList<Source>
  store: UploadStore
  platform: UploadPlatform<Source>
  list: () => Promise<{ uploads: UploadDto[] }>
  /** Gives a parked file its source and sends it on its way. */
  bring: (task: Task<Source>, source: Source, facts: FileFacts) => void
  show: (task: Task<Source>, change: Partial<UploadEntry<Source>>) => void
}

/** Files begun on an earlier visit, parked until they can be read again. */
export function createUnfinishedFiles<Source>(options: Options<Source>) {
  const { tasks, store, platform, list, bring, show } = options

  /** Uploads begun by another browser or device: known by name only, until the file is chosen here. */
  const listOthers = async () => {
    const { uploads } = await list().catch(() => ({ uploads: [] }))
    const known = new Set(tasks.all().map((task) => task.record.hash?.checksum))
    for (const { id, state, checksum, createdAt, arrivedBytes, ...upload } of uploads) {
      const isYoung = Date.now() - Date.parse(createdAt) < OTHERS_OLDER_THAN_MS
      if (state !== 'pending' || isYoung || known.has(checksum)) continue
      const { fileName: name, sizeBytes } = upload
      const task = createTask<Source>({ name, sizeBytes, modifiedAtMs: 0, fingerprint: '' })
      task.uploadId = id
      park(task, { sentBytes: arrivedBytes })
    }
  }

  const park = (task: Task<Source>, change: Partial<UploadEntry<Source>>) => {
    task.stage = 'parked'
    tasks.add(task)
    show(task, { state: 'needsFile', ...change })
  }

  const reopen = async (reopening: { mayAsk: boolean }) => {
    const parked = [...tasks.inStage('parked')]
    for (const task of parked.filter(({ record }) => record.handle !== undefined)) {
      const reopened = await platform.reopen(task.record.handle, reopening)
      if (reopened.status === 'open') {
        bring(task, reopened.source, platform.factsOf(reopened.source))
        continue
      }
      const needs = reopened.status === 'gone' ? 'needsFile' : 'needsPermission'
      show(task, { state: needs })
      // One refusal answers for all: no second question.
      if (reopening.mayAsk && needs === 'needsPermission') return
    }
  }

  return {
    reopen,
    async resume(): Promise<number> {
      const kept = (await store.list()).filter(({ id }) => !tasks.has(id))
      for (const record of kept) {
        const { claims } = record
        park(createTask<Source>(record), claims ? { claims } : {})
      }
      await reopen({ mayAsk: false })
      await listOthers()
      return kept.length
    },
    /** Finds among the parked files the one that a source is, and brings it. */
    matcher() {
      const parked = [...tasks.inStage('parked')]
      return (source: Source): Task<Source> | undefined => {
        if (parked.length === 0) return undefined
        const facts = platform.factsOf(source)
        const task = parked.find(
          ({ entry, stage }) =>
            stage === 'parked' && entry.name === facts.name && entry.sizeBytes === facts.sizeBytes,
        )
        if (task) bring(task, source, facts)
        return task
      }
    },
  }
}
