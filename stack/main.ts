import { Complaint } from './complaint.ts'

type Command = (args: string[]) => Promise<void>

/** Each command loads only what it needs. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./start.ts')).start,
  dev: async () => (await import('./start.ts')).dev,
  test: async () => (await import('./run-tests.ts')).runTests,
  check: async () => (await import('./check.ts')).check,
  status: async () => (await import('./status.ts')).status,
  reset: async () => (await import('./reset.ts')).reset,
  migrate: async () => (await import('./migrate.ts')).migrateByHand,
  bench: async () => (await import('./bench.ts')).bench,
}

const [name = 'start', ...args] = process.argv.slice(2)
// Whoever reads only the first lines (`| head`) closes the pipe; that is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
const load = commands[name]
if (!load) {
  console.error(`There is no command ${name}. There are: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}
try {
  await (await load())(args)
} catch (error) {
  // What a person can act on is told in one message; anything else is a fault of ours and shows its stack.
  console.error(error instanceof Complaint ? `\n${error.message}` : error)
  process.exit(1)
}
