import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import type { Refusal } from './messages.ts'

// Refused providers are told once, by the engine; the library would print each try.
env.logLevel = 'fatal'

export type Input = { name: string; type: string; shape: readonly (number | string)[] }

export type Session = {
  provider: string
  refusals: Refusal[]
  inputs: Input[]
  /**
   * Runs `count` rows of each input, as many at a time as the graph takes, and answers the outputs in the graph's
   * order. An input is as long as `count` of its rows.
   */
  run(inputs: Record<string, InputValues>, count: number): Promise<Output[]>
  release(): Promise<void>
}

export type InputValues = { values: Float32Array | Int32Array | BigInt64Array; rowShape: number[] }
export type Output = { values: Float32Array; shape: readonly number[] }

/** Several threads with a session each use the cores better than a session with several threads. */
const SESSION_OPTIONS = { intraOpNumThreads: 1, interOpNumThreads: 1 } as const
const CPU = 'cpu'

/** Asking for a provider that is not there throws, and nothing falls back by itself. */
export async function openSession(
  model: string | Uint8Array,
  providers: string[],
): Promise<Session> {
  const refusals: Refusal[] = []
  for (const provider of providers) {
    try {
      const options = { ...SESSION_OPTIONS, executionProviders: [provider] }
      const session =
        typeof model === 'string'
          ? await InferenceSession.create(model, options)
          : await InferenceSession.create(model, options)
      return { provider, refusals, ...describe(session) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      refusals.push({ provider, reason })
      if (provider === CPU) throw new UnusableModelError(reason, refusals)
    }
  }
  throw new UnusableModelError('no provider takes it', refusals)
}

export class UnusableModelError extends Error {
  override name = 'UnusableModelError'
  refusals: Refusal[]
  constructor(message: string, refusals: Refusal[]) {
    super(message)
    this.refusals = refusals
  }
}

function describe(session: InferenceSession): Omit<Session, 'provider' | 'refusals'> {
  const inputs = session.inputMetadata.map((input) => {
    if (!input.isTensor) throw new UnusableModelError(`input ${input.name} is no tensor`, [])
    return { name: input.name, type: input.type, shape: input.shape }
  })
  const batchAxis = inputs[0]?.shape[0]
  return {
    inputs,
    run: async (values, count) => {
      // An export that was traced with one row takes no more at a time.
      const rowsPerRun = typeof batchAxis === 'number' ? batchAxis : count
      const parts: Output[][] = []
      for (let row = 0; row < count; row += rowsPerRun)
        parts.push(await runRows(session, values, { row, rows: rowsPerRun }))
      const isWhole = parts.length === 1 && rowsPerRun <= count
      return isWhole ? (parts[0] ?? []) : joined(parts, count)
    },
    release: () => session.release(),
  }
}

async function runRows(
  session: InferenceSession,
  inputs: Record<string, InputValues>,
  { row, rows }: { row: number; rows: number },
): Promise<Output[]> {
  const feeds = Object.entries(inputs).map(([name, { values, rowShape }]) => {
    const rowLength = rowShape.reduce((product, size) => product * size, 1)
    const own = filled(values.subarray(row * rowLength, (row + rows) * rowLength), rows * rowLength)
    return [name, tensorOf(own, [rows, ...rowShape])] as const
  })
  const outputs = await session.run(Object.fromEntries(feeds))
  return session.outputNames.map((name) => {
    const output = outputs[name]
    if (!(output?.data instanceof Float32Array))
      throw new Error(`output ${name} is ${output?.type ?? 'missing'}, not float32`)
    return { values: output.data, shape: output.dims }
  })
}

/** The last rows of a graph of fixed size may be fewer than it takes. */
function filled<Values extends InputValues['values']>(values: Values, length: number): Values {
  if (values.length === length) return values
  const Type = values.constructor as new (length: number) => Values
  const whole = new Type(length)
  if (whole instanceof BigInt64Array) whole.set(values as BigInt64Array)
  else (whole as Float32Array).set(values as Float32Array)
  return whole
}

function tensorOf(values: InputValues['values'], shape: number[]): Tensor {
  if (values instanceof Float32Array) return new Tensor('float32', values, shape)
  if (values instanceof Int32Array) return new Tensor('int32', values, shape)
  return new Tensor('int64', values, shape)
}

function joined(parts: Output[][], count: number): Output[] {
  return (parts[0] ?? []).map(({ shape, values }, index) => {
    const rowLength = values.length / (shape[0] ?? 1)
    const whole = new Float32Array(count * rowLength)
    let at = 0
    for (const part of parts) {
      const own = part[index]?.values.subarray(0, whole.length - at) ?? []
      whole.set(own, at)
      at += own.length
    }
    return { values: whole, shape: [count, ...shape.slice(1)] }
  })
}
