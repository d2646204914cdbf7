import { within } from './within.ts'

/** A file in the page. `handle` survives a reload where the browser knows such handles. */
export type BrowserSource = {
  file: File
  handle?: FileSystemFileHandle
  /** The `.xmp` that came along with it. */
  sidecar?: File
}

/** Handles only serve the resume after a reload: a browser that gives none in time takes no upload away. */
const HANDLE_LIMIT_MS = 10_000
const SIDECAR = /\.xmp$/i

export function sourcesOfFiles(files: Iterable<File> | null | undefined): BrowserSource[] {
  return withSidecars([...(files ?? [])].map((file) => ({ file })))
}

/**
 * What was dropped, folders walked. To be called in the drop handler itself, before anything is awaited: the
 * browser empties the list when the handler returns.
 */
export async function sourcesOfDrop(transfer: DataTransfer | null): Promise<BrowserSource[]> {
  const items = [...(transfer?.items ?? [])].filter((item) => item.kind === 'file')
  const found = await Promise.all(items.map(sourcesOfItem))
  return withSidecars(found.flat())
}

/** Opens the browser's file dialog; nothing when the person closes it. */
export async function pickSources(): Promise<BrowserSource[]> {
  if (!window.showOpenFilePicker) return sourcesOfFiles(await pickWithInput())
  try {
    const handles = await window.showOpenFilePicker({ multiple: true })
    const sources = handles.map(async (handle) => ({ file: await handle.getFile(), handle }))
    return withSidecars(await Promise.all(sources))
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return []
    throw error
  }
}

function pickWithInput(): Promise<FileList | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = true
    input.addEventListener('change', () => resolve(input.files))
    input.addEventListener('cancel', () => resolve(null))
    input.click()
  })
}

/** The calls that read the item happen before the first await, as the drop handler needs it. */
function sourcesOfItem(item: DataTransferItem): Promise<BrowserSource[]> {
  const file = item.getAsFile()
  const entry = item.webkitGetAsEntry()
  // On plain http Chromium offers the call too, and ends the page that makes it.
  const asked = isSecureContext ? item.getAsFileSystemHandle?.().catch(() => null) : undefined
  const handle = asked && within(HANDLE_LIMIT_MS, asked, () => null)
  return readItem({ file, entry, handle })
}

async function readItem(item: {
  file: File | null
  entry: FileSystemEntry | null
  handle: Promise<FileSystemHandle | null> | undefined
}): Promise<BrowserSource[]> {
  const handle = await item.handle
  if (handle && isFileHandle(handle) && item.file) return [{ file: item.file, handle }]
  if (handle) return sourcesOfHandle(handle)
  if (item.entry?.isDirectory) return sourcesOfEntry(item.entry)
  return item.file ? [{ file: item.file }] : []
}

async function sourcesOfHandle(handle: FileSystemHandle): Promise<BrowserSource[]> {
  if (handle.name.startsWith('.')) return []
  if (isFileHandle(handle)) return [{ file: await handle.getFile(), handle }]
  const found: BrowserSource[] = []
  for await (const child of (handle as FileSystemDirectoryHandle).values()) {
    found.push(...(await sourcesOfHandle(child)))
  }
  return found
}

function isFileHandle(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === 'file'
}

async function sourcesOfEntry(entry: FileSystemEntry): Promise<BrowserSource[]> {
  if (entry.name.startsWith('.')) return []
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      ;(entry as FileSystemFileEntry).file(resolve, reject)
    })
    return [{ file }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: BrowserSource[] = []
  // Chromium hands out at most 100 entries at a time, and an empty list at the end.
  while (true) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (entries.length === 0) return found
    for (const child of entries) found.push(...(await sourcesOfEntry(child)))
  }
}

/** `a.jpg.xmp` belongs to `a.jpg`, and so does `a.xmp` if there is none with the full name. */
function withSidecars(sources: BrowserSource[]): BrowserSource[] {
  const sidecars = new Map<string, File>()
  for (const { file } of sources) if (SIDECAR.test(file.name)) sidecars.set(keyOf(file), file)
  return sources
    .filter(({ file }) => !SIDECAR.test(file.name))
    .map((source) => {
      const key = keyOf(source.file)
      const sidecar =
        sidecars.get(`${key}.xmp`) ?? sidecars.get(`${key.slice(0, key.lastIndexOf('.'))}.xmp`)
      return sidecar ? { ...source, sidecar } : source
    })
}

function keyOf(file: File): string {
  return (file.webkitRelativePath || file.name).toLowerCase()
}

// The File System Access API, which only some browsers have and the DOM types do not describe.
declare global {
  interface Window {
    showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>
  }
  interface DataTransferItem {
    getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>
  }
  interface FileSystemHandle {
    queryPermission?: (options: { mode: 'read' }) => Promise<PermissionState>
    requestPermission?: (options: { mode: 'read' }) => Promise<PermissionState>
  }
}
