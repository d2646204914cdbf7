import { z } from 'zod'

/** A parameter as the driver sends it: text, or what JSON can carry and Postgres reads from text. */
const Statement = z.object({
  query: z.string().min(1),
  params: z.array(z.unknown()).default([]),
})

export const SqlRequest = z.union([z.object({ queries: z.array(Statement).min(1) }), Statement])
export type SqlRequest = z.infer<typeof SqlRequest>
export type Statement = z.infer<typeof Statement>

const ISOLATION = {
  ReadUncommitted: 'read uncommitted',
  ReadCommitted: 'read committed',
  RepeatableRead: 'repeatable read',
  Serializable: 'serializable',
} as const

const Flag = z.enum(['true', 'false']).optional()

/** The driver always asks for both; what it then reads is all that this gateway writes. */
export const SqlHeaders = z.object({
  'neon-raw-text-output': z.literal('true'),
  'neon-array-mode': z.literal('true'),
  'neon-batch-isolation-level': z
    .enum(['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable'])
    .optional(),
  'neon-batch-read-only': Flag,
  'neon-batch-deferrable': Flag,
})

/** How a batch begins. */
export function beginOf(headers: z.infer<typeof SqlHeaders>): string {
  const level = headers['neon-batch-isolation-level']
  const readOnly = headers['neon-batch-read-only']
  const deferrable = headers['neon-batch-deferrable']
  return [
    'begin',
    ...(level ? [`isolation level ${ISOLATION[level]}`] : []),
    ...(readOnly ? [readOnly === 'true' ? 'read only' : 'read write'] : []),
    ...(deferrable ? [deferrable === 'true' ? 'deferrable' : 'not deferrable'] : []),
  ].join(' ')
}
