import type { Output } from './session.ts'

/** The rows of an output as vectors of length 1. A row without a direction stays as it is. */
export function normalisedRows({ values, shape }: Output, count: number): Float32Array[] {
  const length = shape.at(-1) ?? 0
  if (values.length !== count * length)
    throw new Error(`the model gives ${values.length} numbers for ${count} vectors of ${length}`)
  return Array.from({ length: count }, (_, row) =>
    normalised(values.subarray(row * length, (row + 1) * length)),
  )
}

function normalised(values: Float32Array): Float32Array {
  let sum = 0
  for (const value of values) sum += value * value
  const factor = sum > 0 ? 1 / Math.sqrt(sum) : 1
  return values.map((value) => value * factor)
}

/** False for what a comparison would make nonsense of: zeros, infinities, not-a-number. */
export function hasDirection(vector: Float32Array): boolean {
  let sum = 0
  for (const value of vector) sum += value * value
  return Number.isFinite(sum) && sum > 0
}
