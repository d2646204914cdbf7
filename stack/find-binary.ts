import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cachedBinaries } from './paths.ts'

/** Debian keeps servers out of PATH; Homebrew keeps versioned formulas out of it. Newest first. */
const VERSIONED_FOLDERS = [
  { parent: '/usr/lib/postgresql', inside: 'bin' },
  { parent: '/opt/homebrew/opt', inside: 'bin', only: /^postgresql@/ },
  { parent: '/usr/local/opt', inside: 'bin', only: /^postgresql@/ },
]

export function isExecutable(path: string) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function versionedFolders() {
  return VERSIONED_FOLDERS.flatMap(({ parent, inside, only }) => {
    try {
      return readdirSync(parent)
        .filter((name) => !only || only.test(name))
        .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
        .map((name) => join(parent, name, inside))
    } catch {
      return []
    }
  })
}

/** PATH first, then `.tintype/bin`, then where package managers put what they keep out of PATH. */
export function searchFolders(path = process.env.PATH ?? '') {
  return [
    ...path.split(delimiter).filter(Boolean),
    cachedBinaries,
    '/usr/sbin',
    ...versionedFolders(),
  ]
}

export function findBinary(name: string, folders = searchFolders()) {
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}
