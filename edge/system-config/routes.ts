import { Hono } from 'hono'
import { SystemConfigDto } from '#contracts/api/system-config.ts'
import { tellEverybody } from '#contracts/events.ts'
import { SystemConfig } from '#contracts/system-config.ts'
import { readSystemConfig, writeSystemConfig } from '#db/queries/system-config.ts'
import type { AppEnv } from '../app-env.ts'
import { allowAdmin } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { ValidationError } from '../http/errors.ts'
import { validate } from '../http/validate.ts'
import { listRefused, presentConfig } from './immich-config.ts'

export const systemConfigRoutes = new Hono<AppEnv>()
  .get('/', allowAdmin('systemConfig.read'), answers(200, SystemConfigDto), async (c) =>
    c.json(presentConfig(await readSystemConfig(c.var.deps.db))),
  )
  .get('/defaults', allowAdmin('systemConfig.read'), answers(200, SystemConfigDto), (c) =>
    c.json(presentConfig(SystemConfig.parse({}))),
  )
  .put(
    '/',
    allowAdmin('systemConfig.update'),
    validate('json', SystemConfigDto),
    answers(200, SystemConfigDto),
    async (c) => {
      const wanted = c.req.valid('json')
      const config = followed(wanted)
      refuseWhatIsFixed(wanted, presentConfig(config))
      await writeSystemConfig(c.var.deps.db, config)
      c.var.deps.push([tellEverybody('on_config_update')])
      return c.json(presentConfig(config))
    },
  )

/** The part that this server follows, within its limits. */
function followed(wanted: SystemConfigDto): SystemConfig {
  const parsed = SystemConfig.safeParse(wanted)
  if (!parsed.success) throw new ValidationError(parsed.error.issues)
  return parsed.data
}

/** Better an error than a setting that is stored and changes nothing. */
function refuseWhatIsFixed(wanted: SystemConfigDto, given: SystemConfigDto) {
  const refused = listRefused(wanted, given)
  if (refused.length === 0) return
  throw new ValidationError(
    refused.map((path) => ({
      code: 'custom',
      path,
      input: undefined,
      message: `${path.join('.')} cannot be changed on this server`,
    })),
  )
}
