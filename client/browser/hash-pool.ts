import { SourceError } from '../upload-errors.ts'
import type { FileHash, Inspection } from '../upload-types.ts'
import type { FromHashWorker, ToHashWorker } from './hash-worker.ts'

const MAX_WORKERS = 2

type Task = {
  worker?: Worker
  message: ToHashWorker
  onProgress: (hashedBytes: number) => void
  resolve: (inspection: Inspection) => void
  reject: (error: unknown) => void
}

/** A few web workers for all files: hashing never blocks the page, nor takes all of its cores. */
export function createHashPool() {
  const size = Math.max(1, Math.min(MAX_WORKERS, (navigator.hardwareConcurrency || 2) - 1))
  const idle: Worker[] = []
  const all = new Set<Worker>()
  const waiting: Task[] = []

  const start = (worker: Worker, task: Task) => {
    task.worker = worker
    const finish = (end: () => void) => {
      worker.onmessage = null
      worker.onerror = null
      end()
      const next = waiting.shift()
      if (next) start(worker, next)
      else idle.push(worker)
    }
    worker.onmessage = ({ data }: MessageEvent<FromHashWorker>) => {
      if (data.kind === 'progress') task.onProgress(data.hashedBytes)
      if (data.kind === 'done') finish(() => task.resolve(data.inspection))
      if (data.kind === 'failed') finish(() => task.reject(new SourceError(data.reason)))
    }
    worker.onerror = (event) => {
      all.delete(worker)
      worker.terminate()
      task.reject(new Error(`The hashing worker failed: ${event.message}`))
      const next = waiting.shift()
      if (next) start(createWorker(), next)
    }
    worker.postMessage(task.message)
  }

  const createWorker = () => {
    // The bundler looks for exactly this form.
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' })
    all.add(worker)
    return worker
  }

  /** A worker cannot be interrupted inside a file: it is ended, the next file gets a fresh one. */
  const stop = (task: Task) => {
    const { worker } = task
    const index = waiting.indexOf(task)
    if (index >= 0) waiting.splice(index, 1)
    if (!worker || !all.delete(worker)) return
    worker.terminate()
    const next = waiting.shift()
    if (next) start(createWorker(), next)
  }

  return {
    size,
    inspect(
      file: File,
      options: { known?: FileHash; onProgress: (hashedBytes: number) => void; signal: AbortSignal },
    ): Promise<Inspection> {
      const { known, onProgress, signal } = options
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const abort = () => {
          stop(task)
          reject(signal.reason)
        }
        const settled = () => signal.removeEventListener('abort', abort)
        const task: Task = {
          message: known ? { file, known } : { file },
          onProgress,
          resolve: (inspection) => {
            settled()
            resolve(inspection)
          },
          reject: (error) => {
            settled()
            reject(error)
          },
        }
        signal.addEventListener('abort', abort, { once: true })
        const worker = idle.pop() ?? (all.size < size ? createWorker() : undefined)
        if (worker) start(worker, task)
        else waiting.push(task)
      })
    },
    close() {
      for (const worker of all) worker.terminate()
      all.clear()
      idle.length = 0
      waiting.length = 0
    },
  }
}
