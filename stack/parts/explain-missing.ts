import type { Part } from './part.ts'

/** The one message for a machine where this program may not install anything. */
export function explainMissing(missing: Part[], platform: NodeJS.Platform, reason: string) {
  const system = platform === 'darwin' ? 'darwin' : 'linux'
  const entries = missing.map((part) =>
    [
      `  ${part.title}`,
      `      get it:         ${part.byHand[system]}`,
      `      or point to it: ${part.pointer}`,
    ].join('\n'),
  )
  return [
    `Tintype needs ${missing.length === 1 ? 'a part' : 'parts'} that this machine lacks, and cannot install ${missing.length === 1 ? 'it' : 'them'}: ${reason}.`,
    '',
    ...entries,
    '',
    'Run the same command again afterwards.',
  ].join('\n')
}
