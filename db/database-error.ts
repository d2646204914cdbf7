/** What Postgres says about a statement that it refused. */
export type DatabaseError = { code: string; constraint: string | undefined; message: string }

const SQLSTATE = /^[0-9A-Z]{5}$/

/** Finds Postgres' own error under what drizzle and the drivers wrap around it; undefined when there is none. */
export function databaseErrorOf(error: unknown): DatabaseError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, constraint } = cause as { code?: unknown; constraint?: unknown }
    if (typeof code === 'string' && SQLSTATE.test(code))
      return {
        code,
        constraint: typeof constraint === 'string' ? constraint : undefined,
        message: cause.message,
      }
  }
  return undefined
}

/** Whether a statement failed on this constraint, unique index, or raising trigger (`quota_exceeded`). */
export function violates(error: unknown, constraint: string): boolean {
  return databaseErrorOf(error)?.constraint === constraint
}
