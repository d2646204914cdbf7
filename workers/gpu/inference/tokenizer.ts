import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { floresCode, isFloresCode } from './flores-language.ts'

/** Padded and cut to the model's length. */
export type TokenizedText = { ids: number[]; mask: number[] }

const DEFAULT_CONTEXT_LENGTH = 77
/** No vocabulary has longer ones. What the model would not see anyway is not read: it costs seconds that others wait. */
const LONGEST_TOKEN = 32
/** Its texts begin with the language that they are in. */
const NLLB = /^nllb/i

const Config = z.object({
  text_cfg: z
    .object({
      context_length: z.int().positive().optional(),
      tokenizer_kwargs: z.object({ clean: z.string().optional() }).optional(),
    })
    .optional(),
})
/** The file has the token as text or as an object with it. */
const PadToken = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .optional()
const TokenizerConfig = z.looseObject({ pad_token: PadToken })

type Options = { folder: string; name: string; length: number | undefined }

/** Reads a model's own tokenizer; `length` is that of the graph's input where it is fixed. */
export async function openTokenizer({ folder, name, length }: Options) {
  const readJson = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, path), 'utf8'))
  const { text_cfg: textConfig } = Config.parse(await readJson('config.json'))
  const config = TokenizerConfig.parse(await readJson('textual/tokenizer_config.json'))
  const definition = z.looseObject({}).parse(await readJson('textual/tokenizer.json'))
  const tokenizer = new Tokenizer(definition, config)
  const padId = tokenizer.token_to_id(config.pad_token ?? '') ?? 0
  const contextLength = length ?? textConfig?.context_length ?? DEFAULT_CONTEXT_LENGTH
  const isCanonical = textConfig?.tokenizer_kwargs?.clean === 'canonicalize'
  const isNllb = NLLB.test(name)

  return {
    tokenize(text: string, language?: string): TokenizedText {
      const clean = isCanonical ? canonical(text) : withoutSpareSpace(text)
      const tokens = tokensOf(tokenizer, clean.slice(0, contextLength * LONGEST_TOKEN))
      const ids = cut(isNllb ? inLanguage(tokenizer, tokens, language) : tokens, contextLength)
      const padding = contextLength - ids.length
      return {
        ids: [...ids, ...new Array<number>(padding).fill(padId)],
        mask: [...ids.map(() => 1), ...new Array<number>(padding).fill(0)],
      }
    },
  }
}

const withoutSpareSpace = (text: string) => text.trim().split(/\s+/u).join(' ')

/** As SigLIP's texts were cleaned for its training. */
function canonical(text: string): string {
  return withoutSpareSpace(text.replace(/[!-/:-@[-`{-~]/g, '').toLowerCase())
}

/** The tokens of the text, and those that the model wants before and after it. */
type Tokens = { before: number[]; text: number[]; after: number[] }

function tokensOf(tokenizer: Tokenizer, clean: string): Tokens {
  const text: number[] = tokenizer.encode(clean, { add_special_tokens: false }).ids
  const all: number[] = tokenizer.encode(clean).ids
  const extra = all.length - text.length
  const start = Array.from({ length: extra + 1 }, (_, at) => at).find((at) =>
    text.every((id, index) => all[at + index] === id),
  )
  // An empty text is anywhere between the tokens around it; another text tells where.
  const before = text.length === 0 ? sharedStart(all, tokenizer.encode('a').ids) : (start ?? 0)
  return { before: all.slice(0, before), text, after: all.slice(before + text.length) }
}

function sharedStart(ids: number[], others: number[]): number {
  const at = ids.findIndex((id, index) => id !== others[index])
  return at === -1 ? ids.length : at
}

/** The language's token stands first: in place of the one that the file has there for English, else added. */
function inLanguage(tokenizer: Tokenizer, { before, text, after }: Tokens, language?: string) {
  const id = tokenizer.token_to_id(floresCode(language)) ?? tokenizer.token_to_id(floresCode('en'))
  if (id === undefined) return { before, text, after }
  const others = before.filter((each) => !isFloresCode(tokenizer.id_to_token(each) ?? ''))
  return { before: [...others, id], text, after }
}

/** A text that is too long loses its end, never the token that says it ends: CLIP looks for the meaning there. */
function cut({ before, text, after }: Tokens, length: number): number[] {
  return [...before, ...text.slice(0, length - before.length - after.length), ...after]
}
