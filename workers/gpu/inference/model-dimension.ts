import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ModelKind } from './engine.ts'
import { ModelAbsentError, ModelLoadError } from './engine-errors.ts'
import { readGraphFacts } from './graph-facts.ts'

const Config = z.object({ embed_dim: z.int().positive().optional() })

/** How long the vectors of a model are, by its files; the model is not loaded. */
export async function readDimension(
  kind: ModelKind,
  { model, folder }: { model: string; folder: string },
): Promise<number> {
  try {
    const file = kind === 'clip' ? 'visual/model.onnx' : 'recognition/model.onnx'
    const written = readGraphFacts(join(folder, file)).outputs[0]?.shape.at(-1)
    const dimension = written ?? (kind === 'clip' ? await configured(folder) : undefined)
    if (dimension) return dimension
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new ModelAbsentError(`model ${model} lacks a file: ${error.message}`, { cause: error })
    throw new ModelLoadError(`model ${model} cannot be read`, { cause: error })
  }
  throw new ModelLoadError(`model ${model} does not say how long its vectors are`)
}

async function configured(folder: string) {
  return Config.parse(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).embed_dim
}
