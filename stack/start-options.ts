import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Complaint } from './complaint.ts'

export type StartOptions = { importFolder?: string; watchFolder?: string; user?: string }

const USAGE = 'npm start -- [--import FOLDER] [--watch FOLDER] [--user EMAIL]'

export const HELP = `${USAGE}

  --import FOLDER  uploads what is in the folder, once
  --watch FOLDER   uploads what comes into the folder, as long as Tintype runs
  --user EMAIL     whose files they are; without it, the first administrator's

Both upload copies; the folders stay as they are. .env.example explains the variables.
\`npm run status\` shows what runs, \`npm run reset\` deletes what lies in the data folder.
README.md tells the rest.`

/** Relative to where `npm start` was called, which npm remembers. */
function folderOf(given: string) {
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), given)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder
  throw new Complaint(`${folder} is not a folder. Usage: ${USAGE}`)
}

export const asksForHelp = (args: string[]) => args.some((one) => ['--help', '-h'].includes(one))

export function parseStartOptions(args: string[]): StartOptions {
  const options: StartOptions = {}
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = args.slice(index, index + 2)
    if (!value) throw new Complaint(`${name} needs a value. Usage: ${USAGE}`)
    if (name === '--import') options.importFolder = folderOf(value)
    else if (name === '--watch') options.watchFolder = folderOf(value)
    else if (name === '--user') options.user = value
    else throw new Complaint(`There is no option ${name}. Usage: ${USAGE}`)
  }
  if (options.user && !options.importFolder && !options.watchFolder) {
    throw new Complaint(
      `--user says whose files they are; it needs --import or --watch. Usage: ${USAGE}`,
    )
  }
  return options
}
