import { join } from 'node:path'
import type { TextBatch } from './messages.ts'
import { normalisedRows } from './normalise.ts'
import { type Input, openSession } from './session.ts'
import { openTokenizer, type TokenizedText } from './tokenizer.ts'

type Setup = { name: string; folder: string; providers: string[] }

/** CLIP's word side. Runs in a thread: a large tokenizer takes a second to read. */
export async function loadTextModel({ name, folder, providers }: Setup) {
  const session = await openSession(join(folder, 'textual/model.onnx'), providers)
  const fixedLength = session.inputs[0]?.shape[1]
  const tokenizer = await openTokenizer({
    folder,
    name,
    length: typeof fixedLength === 'number' ? fixedLength : undefined,
  })
  return {
    session,
    run: async ({ texts }: TextBatch): Promise<Float32Array[]> => {
      const tokenized = texts.map(({ text, language }) => tokenizer.tokenize(text, language))
      const inputs = session.inputs.map(
        (input) => [input.name, valuesOf(input, tokenized)] as const,
      )
      const [output] = await session.run(Object.fromEntries(inputs), texts.length)
      if (!output) throw new Error('the model has no output')
      return normalisedRows(output, texts.length)
    },
    release: session.release,
  }
}

/** CLIP's exports call the ids `text`, multilingual ones `input_ids`, and those want to know what is padding. */
function valuesOf({ name, type }: Input, texts: TokenizedText[]) {
  const rows = texts.flatMap(({ ids, mask }) => {
    if (name === 'attention_mask') return mask
    return name === 'token_type_ids' ? ids.map(() => 0) : ids
  })
  const rowShape = [texts[0]?.ids.length ?? 0]
  if (type === 'int32') return { values: Int32Array.from(rows), rowShape }
  if (type === 'int64') return { values: BigInt64Array.from(rows, BigInt), rowShape }
  throw new Error(`input ${name} is ${type}, not integers`)
}
