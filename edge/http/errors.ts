import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from '../app-env.ts'
import { describeError } from './log.ts'

export class ValidationError extends AppError {
  readonly issues: z.core.$ZodIssue[]

  constructor(issues: z.core.$ZodIssue[]) {
    super('validation_failed', 'Validation failed')
    this.issues = issues
  }
}

type Answer = { status: number; body: { message: string; errors?: unknown[] }; retryAfter?: number }

/** A check or a raising function in the database says no: the one place that knows their names. */
const RAISED = new Map<string, AppError>([
  ['quota_exceeded', new AppError('quota_exceeded', 'Quota has been exceeded!')],
])

function raisedBy(error: unknown): AppError | undefined {
  if (!(error instanceof Error)) return undefined
  return RAISED.get(error.message) ?? raisedBy(error.cause)
}

function answerTo(error: unknown): Answer {
  if (error instanceof ValidationError) {
    return { status: error.status, body: { message: error.message, errors: error.issues } }
  }
  if (error instanceof AppError) {
    const retryAfter = error.retryAfterSeconds
    return {
      status: error.status,
      body: { message: error.message },
      ...(retryAfter && { retryAfter }),
    }
  }
  if (error instanceof HTTPException) {
    return { status: error.status, body: { message: error.message } }
  }
  return { status: 500, body: { message: 'Internal server error' } }
}

/** The only place that turns an error into a response, in the body Immich's clients read. */
export function onError(error: Error, c: Context<AppEnv>): Response {
  const { status, body, retryAfter } = answerTo(raisedBy(error) ?? error)
  if (status >= 500) c.var.log.error({ err: describeError(error) }, 'request failed')
  const headers = retryAfter === undefined ? undefined : { 'Retry-After': String(retryAfter) }
  return Response.json(body, { status, ...(headers && { headers }) })
}

export function onNotFound(c: Context<AppEnv>): Response {
  return Response.json({ message: `Cannot ${c.req.method} ${c.req.path}` }, { status: 404 })
}
