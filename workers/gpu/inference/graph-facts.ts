// Reads what an ONNX file says about its graph without loading it: weights are skipped by their length, so a model of
// gigabytes costs a few small reads. Field numbers are those of onnx.proto3.
import { closeSync, openSync, readSync } from 'node:fs'

export type GraphFacts = {
  /** Of the first operations, in order. */
  firstOperations: string[]
  /** Sizes that the file fixes; undefined for those that each run may choose. */
  outputs: { name: string; shape: (number | undefined)[] }[]
}

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5]
const FIRST_OPERATIONS = 8
const WINDOW_BYTES = 4096
const MOST_PLAUSIBLE_SIZE = 2 ** 31
const [GRAPH, NODE, OUTPUT] = [7, 1, 12]
const OPERATION_TYPE = 4
const [VALUE_NAME, VALUE_TYPE, TENSOR_TYPE, SHAPE, DIMENSION, SIZE] = [1, 2, 1, 2, 1, 1]

type Field = { number: number; start: number; end: number; value: number }

export function readGraphFacts(path: string): GraphFacts {
  const file = openSync(path, 'r')
  try {
    return factsIn(createReader(file))
  } finally {
    closeSync(file)
  }
}

function factsIn(reader: Reader): GraphFacts {
  const facts: GraphFacts = { firstOperations: [], outputs: [] }
  for (const graph of reader.fields({ start: 0, end: Number.POSITIVE_INFINITY })) {
    if (graph.number !== GRAPH) continue
    for (const part of reader.fields(graph)) {
      if (part.number === NODE && facts.firstOperations.length < FIRST_OPERATIONS)
        facts.firstOperations.push(textOf(reader, part, OPERATION_TYPE))
      if (part.number === OUTPUT) facts.outputs.push(outputIn(reader, part))
    }
  }
  return facts
}

function outputIn(reader: Reader, value: Field): GraphFacts['outputs'][number] {
  const shape = [VALUE_TYPE, TENSOR_TYPE, SHAPE].reduce<Field | undefined>(
    (within, number) => within && find(reader, within, number),
    value,
  )
  const dimensions = shape
    ? [...reader.fields(shape)].filter(({ number }) => number === DIMENSION)
    : []
  return {
    name: textOf(reader, value, VALUE_NAME),
    shape: dimensions.map((dimension) => fixedSize(find(reader, dimension, SIZE)?.value)),
  }
}

/** Some exports write 0 or -1 for a size that is open. */
function fixedSize(size = 0): number | undefined {
  return size > 0 && size <= MOST_PLAUSIBLE_SIZE ? size : undefined
}

function find(reader: Reader, within: Field, number: number): Field | undefined {
  for (const field of reader.fields(within)) if (field.number === number) return field
  return undefined
}

function textOf(reader: Reader, within: Field, number: number): string {
  const field = find(reader, within, number)
  return field ? reader.text(field) : ''
}

type Reader = ReturnType<typeof createReader>

function createReader(file: number) {
  const window = Buffer.alloc(WINDOW_BYTES)
  let [from, length] = [0, 0]

  function byteAt(position: number): number | undefined {
    if (position < from || position >= from + length) {
      from = position
      length = readSync(file, window, 0, WINDOW_BYTES, position)
    }
    return position < from + length ? window[position - from] : undefined
  }

  function varintAt(position: number): { value: number; next: number } | undefined {
    let value = 0
    for (let index = 0; index < 10; index += 1) {
      const byte = byteAt(position + index)
      if (byte === undefined) return undefined
      value += (byte % 128) * 128 ** index
      if (byte < 128) return { value, next: position + index + 1 }
    }
    throw new Error('this is no ONNX file')
  }

  function* fields({ start, end }: Pick<Field, 'start' | 'end'>): Generator<Field> {
    let position = start
    while (position < end) {
      const key = varintAt(position)
      if (!key) return
      const [number, wireType] = [Math.floor(key.value / 8), key.value % 8]
      if (wireType === VARINT || wireType === BYTES) {
        const read = varintAt(key.next)
        if (!read) return
        const { value, next } = read
        position = wireType === BYTES ? next + value : next
        yield { number, start: next, end: position, value }
      } else if (wireType === FIXED32 || wireType === FIXED64) {
        position = key.next + (wireType === FIXED32 ? 4 : 8)
      } else throw new Error('this is no ONNX file')
    }
  }

  function text({ start, end }: Field): string {
    const bytes = Buffer.alloc(end - start)
    readSync(file, bytes, 0, bytes.length, start)
    return bytes.toString()
  }

  return { fields, text }
}
