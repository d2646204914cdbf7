import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { envFragments, parseEnv } from '#contracts/env.ts'
import { Complaint } from './complaint.ts'
import type { Settings } from './settings.ts'

const SHAPE = Object.assign({}, ...Object.values(envFragments)) as Record<string, never>

/** As the edge reads them: an address, or one with the length of its network. */
function isNetwork(text: string) {
  const [address = '', bits, ...more] = text.split('/')
  const longest = isIP(address) === 6 ? 128 : 32
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
  return isIP(address) !== 0 && isLength && more.length === 0
}

/** Each process reads its variables itself; here a wrong one ends the start before anything runs, and by its name. */
export function assertVariables({ variables }: Pick<Settings, 'variables'>) {
  const { TRUSTED_PROXIES = '', MODELS_DIR } = variables
  try {
    parseEnv(SHAPE, variables)
  } catch (error) {
    throw new Complaint((error as Error).message)
  }
  const proxies = TRUSTED_PROXIES.split(',').map((part) => part.trim())
  const strange = proxies.find((part) => part && !isNetwork(part))
  if (strange !== undefined)
    throw new Complaint(
      `TRUSTED_PROXIES has ${strange}, which is neither an address nor a network such as 10.0.0.0/8.`,
    )
  if (MODELS_DIR && !statSync(MODELS_DIR, { throwIfNoEntry: false })?.isDirectory())
    throw new Complaint(`MODELS_DIR is ${MODELS_DIR}, which is not a folder.`)
}
