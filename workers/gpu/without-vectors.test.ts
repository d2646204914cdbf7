import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { colourPicture, makeTinyClip, makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { setupGpu, untilSeen } from './gpu.suite.ts'

vi.setConfig({ testTimeout: 120_000 })

test('in a database without vectors jobs wait, nothing fails, and the worker says why', async () => {
  const gpu = await setupGpu()
  const owner = new pg.Client({ connectionString: gpu.database.ownerUrl })
  await owner.connect()
  await owner.query('drop extension if exists vchord cascade')
  await owner.query('drop extension if exists vector cascade')
  await owner.end()
  await makeTinyClip({ folder: gpu.modelsFolder, name: 'tiny-clip', dimension: 16 })
  await makeTinyFaces({ folder: gpu.modelsFolder, name: 'tiny-faces', dimension: 8 })
  await gpu.configure({
    clip: { modelName: 'tiny-clip' },
    facialRecognition: { modelName: 'tiny-faces' },
  })

  const worker = await gpu.startWorker()
  const asset = await gpu.addPicture(await gpu.seedUser(), await colourPicture('#ff0000'))
  type Model = { state: string; reason: string }
  const listModels = async (): Promise<Model[]> => (await worker.ask('/models')).body.models
  await untilSeen(async () => {
    const states = (await listModels()).map(({ state }) => state)
    return states.join() === 'failed,failed'
  })
  const models = await listModels()
  const text = await worker.ask('/embed-text', { text: 'red', model: 'tiny-clip' })

  expect(models).toMatchObject([
    { name: 'tiny-clip', reason: expect.stringContaining('pgvector') },
    { name: 'tiny-faces', reason: expect.stringContaining('pgvector') },
  ])
  expect([text.status, text.body.message]).toEqual([503, models[0]?.reason])
  expect((await gpu.openJobsOf(asset)).map(({ failedAt }) => failedAt)).toEqual([null, null])
  expect((await worker.ask('/health')).status).toBe(200)
  await worker.stop()
})
