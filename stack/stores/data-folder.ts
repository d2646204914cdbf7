import { constants } from 'node:fs'
import { access, chmod, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Complaint } from '../complaint.ts'

const MAY_BE_WALKED_THROUGH = 0o011

async function makeWritable(folder: string) {
  try {
    await mkdir(dirname(folder), { recursive: true })
    await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await access(`${folder}/`, constants.W_OK)
  } catch (error) {
    throw new Complaint(
      `Nothing can be written into ${folder}, where data is to lie (${(error as NodeJS.ErrnoException).code}). Make it a folder of this account on a disk that can be written to, or set TINTYPE_DATA to such a one.`,
    )
  }
}

/**
 * The data folder itself may be walked through (0711): the account that runs Postgres has its folder inside.
 * Everything in it that holds a secret or a person's bytes is closed on its own.
 */
export async function makeDataFolder(folder: string) {
  await makeWritable(folder)
  const { mode, uid } = await stat(folder)
  if (uid !== process.getuid?.() || (mode & MAY_BE_WALKED_THROUGH) === MAY_BE_WALKED_THROUGH) return
  await chmod(folder, (mode & 0o777) | MAY_BE_WALKED_THROUGH)
}
