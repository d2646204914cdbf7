import { type FSWatcher, statSync, watch } from 'node:fs'
import { statfs } from 'node:fs/promises'

/** File systems whose changes come from elsewhere, so that the kernel says nothing of them: NFS, SMB, 9p, FUSE. */
const SILENT_FILE_SYSTEMS = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x65735546,
])

export async function tellsOfChanges(folder: string): Promise<boolean> {
  const type = await statfs(folder).then(
    (found) => found.type,
    () => undefined,
  )
  return type !== undefined && !SILENT_FILE_SYSTEMS.has(type)
}

type Watch = { watcher: FSWatcher; inode: number }

/**
 * One watch for each folder and none for files: a folder tells of whatever appears, grows or moves in it. Undefined in
 * place of a path: something in the folder changed. `onLimit` is told once when the system gives no more watches.
 */
export function createFolderWatches(on: {
  change: (folder: Buffer, name: Buffer | undefined) => void
  limit: (error: Error) => void
}) {
  const watches = new Map<string, Watch>()
  let isLimited = false

  const forget = (key: string) => {
    watches.get(key)?.watcher.close()
    watches.delete(key)
  }
  const open = (folder: Buffer, inode: number) => {
    const key = folder.toString('latin1')
    const watcher = watch(folder, { encoding: 'buffer', persistent: true }, (_, name) =>
      on.change(folder, name ?? undefined),
    )
    watcher.on('error', () => forget(key))
    watches.set(key, { watcher, inode })
  }

  return {
    get count() {
      return watches.size
    },
    /** Begins, unless this very folder is watched: another may have taken its name. */
    begin(folder: Buffer) {
      if (isLimited) return
      const key = folder.toString('latin1')
      try {
        const inode = statSync(folder).ino
        if (watches.get(key)?.inode === inode) return
        forget(key)
        open(folder, inode)
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENOSYS') return
        isLimited = true
        if (error instanceof Error) on.limit(error)
      }
    },
    /** Ends the watches of folders that are not among these. */
    keep(folders: Set<string>) {
      for (const key of [...watches.keys()]) if (!folders.has(key)) forget(key)
    },
    close() {
      for (const key of [...watches.keys()]) forget(key)
    },
  }
}
