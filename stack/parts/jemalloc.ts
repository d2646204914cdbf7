import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where distributions keep shared libraries; on Debian a folder per processor lies in between. */
function libraryFolders() {
  const multiarch = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'))
    : []
  return [...multiarch.map((name) => join('/usr/lib', name)), '/usr/lib64', '/usr/lib']
}

/** The library that keeps a long-running image worker from hoarding memory. Linux only. */
export function findJemalloc() {
  if (process.platform !== 'linux') return undefined
  return libraryFolders()
    .map((folder) => join(folder, 'libjemalloc.so.2'))
    .find((path) => existsSync(path))
}
