import { createTestBucket } from '#test/helpers/bucket.ts'
import { createEdgeStorage } from './edge.ts'
import { describeStorage } from './storage.suite.ts'

const bucket = await createTestBucket()

describeStorage('the edge storage', async (settings) =>
  createEdgeStorage({ ...bucket, ...settings }, (url, init) => fetch(url, init)),
)
