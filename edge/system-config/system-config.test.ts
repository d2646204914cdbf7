import { beforeEach, expect, test } from 'vitest'
import { SystemConfigDto } from '#contracts/api/system-config.ts'
import { SystemConfig } from '#contracts/system-config.ts'
import { readSystemConfig, writeSystemConfig } from '#db/queries/system-config.ts'
import { createTestEdge } from '#test/helpers/edge.ts'

const edge = await createTestEdge()
const admin = edge.as(edge.admin)

beforeEach(async () => {
  await writeSystemConfig(edge.db, SystemConfig.parse({}))
})

async function read(): Promise<SystemConfigDto> {
  return SystemConfigDto.parse(await (await admin.get('/api/system-config')).json())
}

test('what was read can be written back, and changes nothing', async () => {
  const before = await read()

  const response = await admin.put('/api/system-config', before)

  expect(response.status).toBe(200)
  expect(await response.json()).toEqual(before)
  expect(await readSystemConfig(edge.db)).toEqual(SystemConfig.parse({}))
})

test('a changed model and threshold are stored, and only they', async () => {
  const config = await read()
  config.machineLearning.clip.modelName = 'ViT-B-16-SigLIP2__webli'
  config.machineLearning.facialRecognition.minFaces = 1

  const response = await admin.put('/api/system-config', config)

  expect(response.status).toBe(200)
  const { machineLearning, trash } = await readSystemConfig(edge.db)
  expect(machineLearning.clip.modelName).toBe('ViT-B-16-SigLIP2__webli')
  expect(machineLearning.facialRecognition).toMatchObject({ minFaces: 1, maxDistance: 0.5 })
  expect(trash).toEqual({ enabled: true, days: 30 })
  expect((await read()).machineLearning.facialRecognition.minFaces).toBe(1)
})

test.each([
  ['a path as a model', ['machineLearning', 'clip', 'modelName'], '../../etc'],
  ['a distance beyond the range', ['machineLearning', 'facialRecognition', 'maxDistance'], 3],
  ['a setting that nothing follows', ['oauth', 'enabled'], true],
  ['days before today', ['trash', 'days'], -1],
])('%s is refused with its place, and nothing is stored', async (_, path, value) => {
  const config = await read()
  setAt(config, path, value)

  const response = await admin.put('/api/system-config', config)

  expect(response.status).toBe(400)
  const body = (await response.json()) as { message: string; errors: { path: string[] }[] }
  expect(body.message).toBe('Validation failed')
  expect(body.errors.map((issue) => issue.path)).toEqual([path])
  expect(await readSystemConfig(edge.db)).toEqual(SystemConfig.parse({}))
})

test('the defaults stay what they are whatever is set', async () => {
  const config = await read()
  config.trash.days = 7
  await admin.put('/api/system-config', config)

  const usual = SystemConfigDto.parse(await (await admin.get('/api/system-config/defaults')).json())

  expect(usual.trash.days).toBe(30)
  expect((await read()).trash.days).toBe(7)
})

function setAt(tree: object, path: string[], value: unknown) {
  const [name = '', ...rest] = path
  const branch = tree as Record<string, object>
  if (rest.length === 0) Object.assign(tree, { [name]: value })
  else setAt(branch[name] ?? {}, rest, value)
}
