// Writes ONNX files: a ModelProto in protobuf, as far as small graphs need it. Field numbers are those of onnx.proto3.

const IR_VERSION = 8
const OPSET = 13
const [VARINT, BYTES, FLOAT32] = [0, 2, 5]
const ELEMENT_TYPES = { float32: 1, int32: 6, int64: 7 } as const
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const

type ElementType = keyof typeof ELEMENT_TYPES
/** A name is a dimension that each run may choose. */
type Shape = (number | string)[]

export type ValueInfo = { name: string; type: ElementType; shape: Shape }
export type Constant = { name: string; type: ElementType; shape: number[]; values: number[] }
export type Operation = {
  type: string
  inputs: string[]
  outputs: string[]
  attributes?: Record<string, number | number[] | { float: number }>
}
export type Graph = {
  inputs: ValueInfo[]
  outputs: ValueInfo[]
  constants: Constant[]
  operations: Operation[]
}

export function encodeModel(graph: Graph): Buffer {
  return Buffer.concat([
    integer(1, IR_VERSION),
    text(2, 'tintype tests'),
    message(7, encodeGraph(graph)),
    message(8, text(1, ''), integer(2, OPSET)),
  ])
}

function encodeGraph({ inputs, outputs, constants, operations }: Graph): Buffer {
  return Buffer.concat([
    ...operations.map((operation, index) => message(1, encodeOperation(operation, index))),
    text(2, 'graph'),
    ...constants.map((constant) => message(5, encodeConstant(constant))),
    ...inputs.map((value) => message(11, encodeValue(value))),
    ...outputs.map((value) => message(12, encodeValue(value))),
  ])
}

function encodeOperation({ type, inputs, outputs, attributes = {} }: Operation, index: number) {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `${type}_${index}`),
    text(4, type),
    ...Object.entries(attributes).map(([name, value]) => message(5, encodeAttribute(name, value))),
  ])
}

function encodeAttribute(name: string, value: number | number[] | { float: number }): Buffer {
  const kind = Array.isArray(value) ? 'ints' : typeof value === 'number' ? 'int' : 'float'
  const encoded = Array.isArray(value)
    ? value.map((each) => integer(8, each))
    : typeof value === 'number'
      ? [integer(3, value)]
      : [field(2, FLOAT32), floats([value.float])]
  return Buffer.concat([text(1, name), ...encoded, integer(20, ATTRIBUTE_TYPES[kind])])
}

function encodeConstant({ name, type, shape, values }: Constant): Buffer {
  return Buffer.concat([
    ...shape.map((size) => integer(1, size)),
    integer(2, ELEMENT_TYPES[type]),
    text(8, name),
    message(9, rawBytes(type, values)),
  ])
}

function rawBytes(type: ElementType, values: number[]): Buffer {
  if (type === 'float32') return floats(values)
  if (type === 'int32') return Buffer.from(Int32Array.from(values).buffer)
  return Buffer.from(BigInt64Array.from(values, BigInt).buffer)
}

const floats = (values: number[]) => Buffer.from(Float32Array.from(values).buffer)

function encodeValue({ name, type, shape }: ValueInfo): Buffer {
  const sizes = shape.map((size) =>
    message(1, typeof size === 'number' ? integer(1, size) : text(2, size)),
  )
  const tensor = Buffer.concat([integer(1, ELEMENT_TYPES[type]), message(2, ...sizes)])
  return Buffer.concat([text(1, name), message(2, message(1, tensor))])
}

function message(number: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([field(number, BYTES), varint(content.length), content])
}

const text = (number: number, value: string) => message(number, Buffer.from(value))
const integer = (number: number, value: number) =>
  Buffer.concat([field(number, VARINT), varint(value)])
const field = (number: number, wireType: number) => varint(number * 8 + wireType)

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}
