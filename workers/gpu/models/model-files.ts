import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelKind } from '../inference/engine.ts'

/** Without one of these a model does not run. Exports may have more: weights beside the graph, other tokenizers. */
export const REQUIRED_FILES: Record<ModelKind, string[]> = {
  clip: [
    'config.json',
    'textual/model.onnx',
    'textual/tokenizer.json',
    'textual/tokenizer_config.json',
    'visual/model.onnx',
    'visual/preprocess_cfg.json',
  ],
  face: ['detection/model.onnx', 'recognition/model.onnx'],
}

/** A name becomes a folder, so it is one plain word. */
const NAME = /^[A-Za-z0-9][\w.-]*$/
const POINTER_START = 'version https://git-lfs'

export const isModelName = (name: string) => NAME.test(name)

type Folders = { modelsDir?: string | undefined; cacheFolder: string }

/** The first folder that has the whole model: one that somebody placed goes before one that was fetched. */
export async function findModel(
  kind: ModelKind,
  name: string,
  { modelsDir, cacheFolder }: Folders,
): Promise<string | undefined> {
  if (!isModelName(name)) return undefined
  for (const folder of modelsDir ? [modelsDir, cacheFolder] : [cacheFolder]) {
    const own = join(folder, name)
    const present = await Promise.all(
      REQUIRED_FILES[kind].map((file) => isPresent(join(own, file))),
    )
    if (present.every(Boolean)) return own
  }
  return undefined
}

/** A checkout without git-lfs has small notes in place of the files. */
async function isPresent(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile() || found.size === 0) return false
  if (found.size > 1000 || !path.endsWith('.onnx')) return true
  await using file = await open(path)
  const { buffer } = await file.read({ buffer: Buffer.alloc(POINTER_START.length) })
  return buffer.toString() !== POINTER_START
}
