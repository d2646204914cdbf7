import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const MAY_BE_WALKED_THROUGH = 0o011

/**
 * The data folder itself may be walked through (0711): the account that runs Postgres has its folder inside.
 * Everything in it that holds a secret or a person's bytes is closed on its own.
 */
export async function makeDataFolder(folder: string) {
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { mode, uid } = await stat(folder)
  if (uid !== process.getuid?.() || (mode & MAY_BE_WALKED_THROUGH) === MAY_BE_WALKED_THROUGH) return
  await chmod(folder, (mode & 0o777) | MAY_BE_WALKED_THROUGH)
}
