// tokenizer.json and tokenizer_config.json in the shapes of CLIP's BPE, SigLIP's and XLM-R's Unigram files.

export type TokenizerFiles = {
  tokenizer: object
  config: object
  /** Of a word that is one token. */
  idOf: (word: string) => number
  padId: number
  size: number
}

const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})

/** Each word becomes one token; other text falls into letters. */
export function clipTokenizer(words: string[]): TokenizerFiles {
  const letters = [...byteLetters()]
  const merges = mergesFor(words)
  const tokens = [
    ...letters,
    ...letters.map((letter) => `${letter}</w>`),
    ...merges.map(([left, right]) => left + right),
    '<|startoftext|>',
    '<|endoftext|>',
  ]
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
  const [start, end] = [tokens.length - 2, tokens.length - 1]
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [special(start, '<|startoftext|>'), special(end, '<|endoftext|>')],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'NFC' },
          { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
          { type: 'Lowercase' },
        ],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: "'s|'t|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
            behavior: 'Removed',
            invert: true,
          },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        ],
      },
      post_processor: {
        type: 'RobertaProcessing',
        sep: ['<|endoftext|>', end],
        cls: ['<|startoftext|>', start],
        trim_offsets: false,
        add_prefix_space: false,
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '<|endoftext|>',
        continuing_subword_prefix: '',
        end_of_word_suffix: '</w>',
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges: merges.map((pair) => pair.join(' ')),
      },
    },
    config: {
      pad_token: '<|endoftext|>',
      bos_token: '<|startoftext|>',
      eos_token: '<|endoftext|>',
      unk_token: '<|endoftext|>',
      model_max_length: 77,
      tokenizer_class: 'CLIPTokenizer',
    },
    idOf: (word) => vocab[`${inByteLetters(word)}</w>`] ?? end,
    padId: end,
    size: tokens.length,
  }
}

/** GPT-2's letters for bytes: printable ones stand for themselves. */
function byteLetters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPrintable(byte) ? byte : next++),
  )
}

function inByteLetters(word: string): string {
  const letters = byteLetters()
  return [...Buffer.from(word)].map((byte) => letters[byte]).join('')
}

/** Merges of one word may split another apart, so each word is merged by all before it first. */
function mergesFor(words: string[]): [string, string][] {
  const merges: [string, string][] = []
  for (const word of words) {
    const letters = [...inByteLetters(word)]
    let parts = letters.map((letter, at) => (at === letters.length - 1 ? `${letter}</w>` : letter))
    for (const [left, right] of merges) {
      const merged: string[] = []
      for (const part of parts) {
        if (part === right && merged.at(-1) === left) merged.splice(-1, 1, left + right)
        else merged.push(part)
      }
      parts = merged
    }
    for (let at = 1; at < parts.length; at += 1)
      merges.push([parts.slice(0, at).join(''), parts[at] ?? ''])
  }
  return merges
}

/**
 * `siglip`: text and end token, padded with the end token. `multilingual`: start and end token, a padding token, and
 * tokens for languages.
 */
export function unigramTokenizer(
  words: string[],
  { kind, languages }: { kind: 'siglip' | 'multilingual'; languages: string[] },
): TokenizerFiles {
  const specials =
    kind === 'siglip' ? ['<pad>', '</s>', '<unk>'] : ['<s>', '<pad>', '</s>', '<unk>']
  const letters = [...'▁abcdefghijklmnopqrstuvwxyzäöüß0123456789']
  const tokens = [...specials, ...letters, ...words.map((word) => `▁${word}`), ...languages]
  const idOf = (token: string) => tokens.indexOf(token)
  const scoreOf = (token: string) =>
    specials.includes(token) ? 0 : letters.includes(token) ? -20 : -5
  const item = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } })
  const text = { Sequence: { id: 'A', type_id: 0 } }
  const single = kind === 'siglip' ? [text, item('</s>')] : [item('<s>'), text, item('</s>')]
  const padToken = kind === 'siglip' ? '</s>' : '<pad>'
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [...specials, ...languages].map((token) => special(idOf(token), token)),
      normalizer: { type: 'NFKC' },
      pre_tokenizer: {
        type: 'Metaspace',
        replacement: '▁',
        prepend_scheme: 'always',
        add_prefix_space: true,
        split: true,
      },
      post_processor: {
        type: 'TemplateProcessing',
        single,
        pair: single,
        special_tokens: Object.fromEntries(
          ['<s>', '</s>']
            .filter((token) => specials.includes(token))
            .map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
        ),
      },
      decoder: { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
      model: {
        type: 'Unigram',
        unk_id: idOf('<unk>'),
        vocab: tokens.map((token) => [token, scoreOf(token)]),
      },
    },
    // Real files have the padding token as text or as an object.
    config:
      kind === 'siglip'
        ? { pad_token: '</s>', eos_token: '</s>', unk_token: '<unk>' }
        : {
            pad_token: { content: '<pad>' },
            bos_token: '<s>',
            eos_token: '</s>',
            unk_token: '<unk>',
          },
    idOf: (word) => tokens.indexOf(languages.includes(word) ? word : `▁${word}`),
    padId: idOf(padToken),
    size: tokens.length,
  }
}
