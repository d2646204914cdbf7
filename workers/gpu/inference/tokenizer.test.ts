import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTinyClip } from '#test/helpers/tiny-onnx.ts'
import { clipTokenizer, unigramTokenizer } from '#test/helpers/tiny-tokenizers.ts'
import { floresCode } from './flores-language.ts'
import { openTokenizer } from './tokenizer.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-tokenizer-'))
  await makeTinyClip({ folder, name: 'clip', dimension: 8 })
  await makeTinyClip({ folder, name: 'siglip', dimension: 8, kind: 'siglip' })
  await makeTinyClip({ folder, name: 'nllb-tiny', dimension: 8, kind: 'multilingual' })
})
afterAll(() => rm(folder, { recursive: true }))

const open = (name: string, length?: number) =>
  openTokenizer({ folder: join(folder, name), name, length })

/** The ids of a made tokenizer, by the words that its makers know. */
const WORDS = ['red', 'green', 'blue', 'yellow', 'cyan', 'magenta', 'white', 'black']
const MORE_WORDS = [...WORDS, 'rot', 'blau', 'rouge', 'bleu']
const clip = clipTokenizer(MORE_WORDS)
const siglip = unigramTokenizer(MORE_WORDS, { kind: 'siglip', languages: [] })
const LANGUAGES = ['eng_Latn', 'deu_Latn', 'fra_Latn']
const multilingual = unigramTokenizer(MORE_WORDS, { kind: 'multilingual', languages: LANGUAGES })

describe("CLIP's texts", () => {
  test('begin and end with their tokens, in small letters, padded to 77', async () => {
    const { tokenize } = await open('clip')

    const { ids, mask } = tokenize('  Red\n\tGREEN ')

    const [start, end] = [clip.size - 2, clip.size - 1]
    expect(ids.slice(0, 5)).toEqual([start, clip.idOf('red'), clip.idOf('green'), end, clip.padId])
    expect([ids.length, mask.length]).toEqual([77, 77])
    expect(mask.reduce((sum, value) => sum + value)).toBe(4)
  })

  test('that are too long are cut before the token that ends them', async () => {
    const { tokenize } = await open('clip')

    const { ids, mask } = tokenize('red '.repeat(100))

    expect(ids).toHaveLength(77)
    expect([ids[0], ids[75], ids[76]]).toEqual([clip.size - 2, clip.idOf('red'), clip.size - 1])
    expect(mask).not.toContain(0)
  })

  test('of thousands of letters hold up nobody', async () => {
    const { tokenize } = await open('clip')
    const startedAt = performance.now()

    const { ids } = tokenize('red'.repeat(3333))

    expect(ids).toHaveLength(77)
    expect(performance.now() - startedAt).toBeLessThan(400)
  })

  test('may have nothing that the tokenizer knows', async () => {
    const name = 'unknowing'
    await cp(join(folder, 'clip'), join(folder, name), { recursive: true })
    const path = join(folder, name, 'textual/tokenizer.json')
    const file = JSON.parse(await readFile(path, 'utf8'))
    file.model = { type: 'BPE', vocab: { red: 0 }, merges: [] }
    file.pre_tokenizer = { type: 'Whitespace' }
    file.added_tokens = []
    file.post_processor = null
    await writeFile(path, JSON.stringify(file))
    const { tokenize } = await open(name)

    expect([tokenize('🐕').ids.length, tokenize('').ids.length]).toEqual([77, 77])
  })

  test('may be empty', async () => {
    const { tokenize } = await open('clip')

    expect(tokenize('   ').ids.slice(0, 3)).toEqual([clip.size - 2, clip.size - 1, clip.padId])
  })

  test('are as long as the graph takes, if that is fixed', async () => {
    const { tokenize } = await open('clip', 16)

    expect(tokenize('red').ids).toHaveLength(16)
  })
})

test("SigLIP's texts lose punctuation and capitals, and are padded with their end", async () => {
  const { tokenize } = await open('siglip')

  const { ids } = tokenize('Red, "GREEN" - blue!')

  const words = ['red', 'green', 'blue'].map(siglip.idOf)
  expect(ids.slice(0, 5)).toEqual([...words, siglip.padId, siglip.padId])
  expect(ids).toHaveLength(64)
})

describe('multilingual texts', () => {
  test('begin with their language, and padding is masked', async () => {
    const { tokenize } = await open('nllb-tiny')

    const { ids, mask } = tokenize('rouge', 'fr')

    const [start, end] = [0, 2]
    expect(ids.slice(0, 5)).toEqual([
      ...[start, multilingual.idOf('fra_Latn'), multilingual.idOf('rouge'), end],
      multilingual.padId,
    ])
    expect(mask.slice(0, 5)).toEqual([1, 1, 1, 1, 0])
  })

  test('in a language that the model does not know are taken for English', async () => {
    const { tokenize } = await open('nllb-tiny')

    expect(tokenize('red', 'xx').ids[1]).toBe(multilingual.idOf('eng_Latn'))
    expect(tokenize('red', 'ja').ids[1]).toBe(multilingual.idOf('eng_Latn'))
  })
})

test.each([
  ['de', 'deu_Latn'],
  ['pt-BR', 'por_Latn'],
  ['zh', 'zho_Hans'],
  ['zh_Hant', 'zho_Hant'],
  ['zh-TW', 'zho_Hant'],
  ['sr-Cyrl', 'srp_Cyrl'],
  ['nonsense', 'eng_Latn'],
  [undefined, 'eng_Latn'],
])('the language %s is %s for NLLB', (language, code) => {
  expect(floresCode(language)).toBe(code)
})
