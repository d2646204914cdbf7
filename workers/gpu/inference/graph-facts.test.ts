import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeModel } from '#test/helpers/onnx-writer.ts'
import { makeTinyFaces } from '#test/helpers/tiny-onnx.ts'
import { readGraphFacts } from './graph-facts.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-graph-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a file tells its first operations and its outputs, past the weights between them', async () => {
  await makeTinyFaces({ folder, name: 'faces', dimension: 700, startsWithSubMul: true })

  const facts = readGraphFacts(join(folder, 'faces/recognition/model.onnx'))

  expect(facts.firstOperations.slice(0, 3)).toEqual(['Sub', 'Mul', 'GlobalAveragePool'])
  expect(facts.outputs).toEqual([{ name: '683', shape: [undefined, 700] }])
})

test('a size that is written as -1 is open', async () => {
  const path = join(folder, 'open.onnx')
  const value = (name: string) => ({ name, type: 'float32' as const, shape: [-1, 4, 0] })
  const operations = [{ type: 'Identity', inputs: ['x'], outputs: ['y'] }]
  await writeFile(
    path,
    encodeModel({ inputs: [value('x')], outputs: [value('y')], constants: [], operations }),
  )

  expect(readGraphFacts(path).outputs).toEqual([{ name: 'y', shape: [undefined, 4, undefined] }])
})

test('an empty file tells nothing, and one without an end to its fields is refused', async () => {
  const [empty, endless] = [join(folder, 'empty'), join(folder, 'endless')]
  await writeFile(empty, '')
  await writeFile(endless, Buffer.alloc(100, 0xff))

  expect(readGraphFacts(empty)).toEqual({ firstOperations: [], outputs: [] })
  expect(() => readGraphFacts(endless)).toThrow('no ONNX file')
})
