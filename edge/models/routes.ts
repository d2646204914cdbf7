import { Hono } from 'hono'
import { ModelsResponseDto } from '#contracts/api/models.ts'
import { AppError } from '#contracts/errors.ts'
import type { AppEnv } from '../app-env.ts'
import type { EdgeEnv } from '../bindings.ts'
import { allowAdmin } from '../http/allow.ts'
import { answers } from '../http/answers.ts'

const ANSWER_TIMEOUT_MS = 5000

export const modelRoutes = new Hono<AppEnv>().get(
  '/',
  allowAdmin('systemConfig.read'),
  answers(200, ModelsResponseDto),
  async (c) => c.json(await findModels(c.env, c.var.requestId)),
)

/** Which models there are and why one is not: only the worker that runs them knows. */
async function findModels({ gpu, settings }: EdgeEnv, requestId: string) {
  const away = (cause: unknown) =>
    new AppError('busy', 'The machine learning worker is away', { cause })
  const response = await gpu
    .fetch(new URL('/models', settings.GPU_URL).href, {
      headers: {
        Authorization: `Bearer ${settings.GPU_SECRET}`,
        'X-Correlation-ID': requestId,
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    .catch((cause: unknown) => {
      throw away(cause)
    })
  if (!response.ok) throw away(new Error(`gpu worker: status ${response.status}`))
  return ModelsResponseDto.parse(await response.json())
}
