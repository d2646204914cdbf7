import { chmod, readFile, rename, writeFile } from 'node:fs/promises'

export type Variables = Record<string, string>

/** `NAME=value` lines; a value may be quoted as JSON. Blank lines and comments are skipped. */
export function parseEnvFile(text: string): Variables {
  const lines = text.split('\n').map((line) => line.trim())
  const pairs = lines
    .filter((line) => line && !line.startsWith('#') && line.includes('='))
    .map((line): [string, string] => {
      const at = line.indexOf('=')
      const value = line.slice(at + 1).trim()
      return [line.slice(0, at).trim(), value.startsWith('"') ? String(JSON.parse(value)) : value]
    })
  return Object.fromEntries(pairs)
}

const needsQuotes = (value: string) => /[\s"'#$\\]/.test(value)

export function formatEnvFile(variables: Variables) {
  const lines = Object.entries(variables).map(
    ([name, value]) => `${name}=${needsQuotes(value) ? JSON.stringify(value) : value}`,
  )
  return [
    '# Made by Tintype on its first start. Keep it: the stores know these passwords.',
    ...lines,
    '',
  ].join('\n')
}

export async function readEnvFile(path: string): Promise<Variables> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return parseEnvFile(text)
}

/** Whole or not at all: half a file of secrets would lock its owner out. */
export async function writeEnvFile(path: string, variables: Variables) {
  const draft = `${path}.${process.pid}`
  await writeFile(draft, formatEnvFile(variables), { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
}
