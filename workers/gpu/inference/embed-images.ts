import { join } from 'node:path'
import type { ImageBatch } from './messages.ts'
import { normalisedRows } from './normalise.ts'
import { openSession } from './session.ts'

type Setup = { folder: string; providers: string[] }

/** CLIP's picture side. Runs in a thread. */
export async function loadImageModel({ folder, providers }: Setup) {
  const session = await openSession(join(folder, 'visual/model.onnx'), providers)
  const input = session.inputs[0]?.name ?? ''
  return {
    session,
    run: async ({ values, count, width, height }: ImageBatch): Promise<Float32Array[]> => {
      const [output] = await session.run(
        { [input]: { values, rowShape: [3, height, width] } },
        count,
      )
      if (!output) throw new Error('the model has no output')
      return normalisedRows(output, count)
    },
    release: session.release,
  }
}
