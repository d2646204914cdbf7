// Models of a few kilobytes that really run, laid out as Immich's are: "red" finds the red picture, and a square of
// one colour on grey is a face, whose colour is the person. Made where a test needs them, so none needs weights.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { type Constant, encodeModel, type Graph, type Operation } from './onnx-writer.ts'
import { clipTokenizer, type TokenizerFiles, unigramTokenizer } from './tiny-tokenizers.ts'

/** Colours from -1 to 1. What has none of them is a word that says nothing. */
const WORDS: Record<string, [number, number, number]> = {
  red: [1, -1, -1],
  green: [-1, 1, -1],
  blue: [-1, -1, 1],
  yellow: [1, 1, -1],
  cyan: [-1, 1, 1],
  magenta: [1, -1, 1],
  white: [1, 1, 1],
  black: [-1, -1, -1],
  rot: [1, -1, -1],
  blau: [-1, -1, 1],
  rouge: [1, -1, -1],
  bleu: [-1, -1, 1],
}
const LANGUAGES = ['eng_Latn', 'deu_Latn', 'fra_Latn']
/** A vector has a direction even where there is no colour. */
const BIAS = 0.3
/** Red, green, blue, the bias, and one for each language. */
const FEATURES = 4 + LANGUAGES.length
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
const EDGE_PX = 64

export type TinyClip = {
  /** Where model folders lie; the model gets one of its own. */
  folder: string
  name: string
  /** At least 7. */
  dimension: number
  kind?: 'clip' | 'siglip' | 'multilingual'
  /** As exports have it that were traced with one picture: the graph takes one at a time. */
  isBatchFixed?: boolean
}

/** Pictures and texts are embedded by their colour. Answers the model's folder. */
export async function makeTinyClip(model: TinyClip): Promise<string> {
  const { folder, name, dimension, kind = 'clip' } = model
  const own = join(folder, name)
  const tokenizer = tokenizerOf(kind)
  const contextLength = kind === 'clip' ? 77 : kind === 'siglip' ? 64 : 32
  const isClip = kind === 'clip'
  await writeJson(join(own, 'config.json'), {
    embed_dim: dimension,
    vision_cfg: { image_size: EDGE_PX },
    text_cfg: {
      context_length: contextLength,
      vocab_size: tokenizer.size,
      ...(kind === 'siglip' && { tokenizer_kwargs: { clean: 'canonicalize' } }),
    },
  })
  await writeJson(join(own, 'visual/preprocess_cfg.json'), {
    size: [EDGE_PX, EDGE_PX],
    mode: 'RGB',
    mean: isClip ? CLIP_MEAN : [0.5, 0.5, 0.5],
    std: isClip ? CLIP_STD : [0.5, 0.5, 0.5],
    interpolation: 'bicubic',
    resize_mode: kind === 'siglip' ? 'squash' : 'shortest',
    fill_color: 0,
  })
  await writeJson(join(own, 'textual/tokenizer.json'), tokenizer.tokenizer)
  await writeJson(join(own, 'textual/tokenizer_config.json'), tokenizer.config)
  await write(join(own, 'visual/model.onnx'), encodeModel(visualGraph(model)))
  await write(
    join(own, 'textual/model.onnx'),
    encodeModel(textualGraph(model, { tokenizer, contextLength })),
  )
  return own
}

function tokenizerOf(kind: NonNullable<TinyClip['kind']>): TokenizerFiles {
  const words = Object.keys(WORDS)
  return kind === 'clip'
    ? clipTokenizer(words)
    : unigramTokenizer(words, { kind, languages: kind === 'multilingual' ? LANGUAGES : [] })
}

/** Undoes the normalising, takes the mean colour from -1 to 1, and turns it into the space. */
function visualGraph({ dimension, kind = 'clip', isBatchFixed }: TinyClip): Graph {
  const batch = isBatchFixed ? 1 : 'batch'
  const [mean, std] =
    kind === 'clip'
      ? [CLIP_MEAN, CLIP_STD]
      : [
          [0.5, 0.5, 0.5],
          [0.5, 0.5, 0.5],
        ]
  return {
    inputs: [{ name: 'image', type: 'float32', shape: [batch, 3, EDGE_PX, EDGE_PX] }],
    outputs: [{ name: 'embedding', type: 'float32', shape: [batch, dimension] }],
    constants: [
      vector(
        'scale',
        std.map((value) => 2 * value),
      ),
      vector(
        'offset',
        mean.map((value) => 2 * value - 1),
      ),
      matrix('directions', directions(dimension).slice(0, 3)),
      vector('bias', biasOf(dimension)),
    ],
    operations: [
      operation('GlobalAveragePool', ['image'], 'pooled'),
      operation('Flatten', ['pooled'], 'normalised'),
      operation('Mul', ['normalised', 'scale'], 'scaled'),
      operation('Add', ['scaled', 'offset'], 'colour'),
      operation('MatMul', ['colour', 'directions'], 'turned'),
      operation('Add', ['turned', 'bias'], 'embedding'),
    ],
  }
}

/** The sum of the words' vectors; with a mask, padding would count without it. */
function textualGraph(
  { dimension, kind = 'clip', isBatchFixed }: TinyClip,
  { tokenizer, contextLength }: { tokenizer: TokenizerFiles; contextLength: number },
): Graph {
  const shape = [isBatchFixed ? 1 : 'batch', contextLength]
  const hasMask = kind === 'multilingual'
  const ids = hasMask ? 'input_ids' : 'text'
  const type = kind === 'clip' ? ('int32' as const) : ('int64' as const)
  return {
    inputs: [
      { name: ids, type, shape },
      ...(hasMask ? [{ name: 'attention_mask', type, shape }] : []),
    ],
    outputs: [
      { name: 'embedding', type: 'float32', shape: [isBatchFixed ? 1 : 'batch', dimension] },
    ],
    constants: [
      matrix('table', wordVectors(tokenizer, { dimension, hasMask })),
      { name: 'axis', type: 'int64', shape: [1], values: [1] },
      { name: 'last', type: 'int64', shape: [1], values: [2] },
      vector('bias', biasOf(dimension)),
    ],
    operations: [
      operation('Gather', ['table', ids], 'words'),
      ...(hasMask
        ? [
            operation('Cast', ['attention_mask'], 'weights', { to: 1 }),
            operation('Unsqueeze', ['weights', 'last'], 'mask'),
            operation('Mul', ['words', 'mask'], 'known'),
          ]
        : []),
      operation('ReduceSum', [hasMask ? 'known' : 'words', 'axis'], 'sum', { keepdims: 0 }),
      operation('Add', ['sum', 'bias'], 'embedding'),
    ],
  }
}

function wordVectors(
  tokenizer: TokenizerFiles,
  { dimension, hasMask }: { dimension: number; hasMask: boolean },
): number[][] {
  const space = directions(dimension)
  const table = Array.from({ length: tokenizer.size }, () => new Array<number>(dimension).fill(0))
  for (const [word, colour] of Object.entries(WORDS))
    table[tokenizer.idOf(word)] = combine(space, colour)
  if (!hasMask) return table
  table[tokenizer.padId] = combine(space, [0, 0, 0, 9])
  for (const [index, language] of LANGUAGES.entries()) {
    const features = [0, 0, 0, 0, ...LANGUAGES.map((_, at) => (at === index ? BIAS : 0))]
    table[tokenizer.idOf(language)] = combine(space, features)
  }
  return table
}

const DETECTION_EDGE_PX = 640
/** Of the square that is a face, in a picture whose longer side is 640. */
export const TINY_FACE_PX = 128
const ARCFACE = [
  38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041,
]

export type TinyFaces = {
  folder: string
  name: string
  /** At least 3. */
  dimension: number
  /** The recognition takes one face at a time. */
  isBatchFixed?: boolean
  /** The recognition normalises for itself, as older exports do. */
  startsWithSubMul?: boolean
}

/**
 * A face is a square of a full colour (`TINY_FACE_PX` where the longer side is 640) on grey, with half its width
 * free around; faces of one colour are one person. Red, green, blue, yellow, cyan and magenta are six people.
 */
export async function makeTinyFaces(model: TinyFaces): Promise<string> {
  const own = join(model.folder, model.name)
  await write(join(own, 'detection/model.onnx'), encodeModel(detectionGraph()))
  await write(join(own, 'recognition/model.onnx'), encodeModel(recognitionGraph(model)))
  return own
}

/** Saturation inside a square less saturation around it, in cells of 8 pixels; the larger strides find nothing. */
function detectionGraph(): Graph {
  const strides = [8, 16, 32]
  const anchors = strides.map((stride) => 2 * (DETECTION_EDGE_PX / stride) ** 2)
  const half = TINY_FACE_PX / 2 / 8
  const landmarks = ARCFACE.map((value) => ((value - 56) / 112) * (TINY_FACE_PX / 8))
  const pool = (kernel: number, input: string, output: string) =>
    operation('AveragePool', [input], output, {
      kernel_shape: [kernel, kernel],
      pads: [kernel / 2, kernel / 2, kernel / 2 - 1, kernel / 2 - 1],
      strides: [1, 1],
      count_include_pad: 1,
    })
  const outputs = (['score', 'box', 'points'] as const).flatMap((part) =>
    strides.map((stride, index) => ({
      name: `${part}${stride}`,
      type: 'float32' as const,
      shape: [anchors[index] ?? 0, { score: 1, box: 4, points: 10 }[part]],
    })),
  )
  return {
    inputs: [
      { name: 'input.1', type: 'float32', shape: [1, 3, DETECTION_EDGE_PX, DETECTION_EDGE_PX] },
    ],
    outputs,
    constants: [
      vector('inner', [2.64 / 2]),
      vector('outer', [-3.24 / 2]),
      ...[0, 1].map((value) => ({ ...vector(`limit${value}`, [value]), shape: [] })),
      integers('column', [6400, 1]),
      integers('all8', [12_800, 1]),
      matrix('nothing', [[0]]),
      matrix('box', [[half, half, half, half]]),
      matrix('points', [landmarks]),
      ...outputs.map(({ name, shape }) => integers(`shape_${name}`, shape)),
    ],
    operations: [
      operation('ReduceMax', ['input.1'], 'most', { axes: [1], keepdims: 1 }),
      operation('ReduceMin', ['input.1'], 'least', { axes: [1], keepdims: 1 }),
      operation('Sub', ['most', 'least'], 'saturation'),
      operation('AveragePool', ['saturation'], 'cells', { kernel_shape: [8, 8], strides: [8, 8] }),
      pool(16, 'cells', 'inside'),
      pool(24, 'cells', 'around'),
      operation('Mul', ['inside', 'inner'], 'gain'),
      operation('Mul', ['around', 'outer'], 'loss'),
      operation('Add', ['gain', 'loss'], 'contrast'),
      operation('Clip', ['contrast', 'limit0', 'limit1'], 'scores'),
      operation('Reshape', ['scores', 'column'], 'first'),
      operation('Expand', ['nothing', 'column'], 'second'),
      operation('Concat', ['first', 'second'], 'pairs', { axis: 1 }),
      operation('Reshape', ['pairs', 'all8'], 'score8'),
      ...outputs
        .filter(({ name }) => name !== 'score8')
        .map(({ name }) => {
          const source = name.startsWith('score') ? 'nothing' : name.replace(/\d+/, '')
          return operation('Expand', [source, `shape_${name}`], name)
        }),
    ],
  }
}

function recognitionGraph({ dimension, isBatchFixed, startsWithSubMul }: TinyFaces): Graph {
  const batch = isBatchFixed ? 1 : 'batch'
  return {
    inputs: [{ name: 'input.1', type: 'float32', shape: [batch, 3, 112, 112] }],
    outputs: [{ name: '683', type: 'float32', shape: [batch, dimension] }],
    constants: [
      vector('middle', [127.5]),
      vector('step', [1 / 127.5]),
      matrix('directions', directions(dimension).slice(0, 3)),
    ],
    operations: [
      ...(startsWithSubMul
        ? [
            operation('Sub', ['input.1', 'middle'], 'centred'),
            operation('Mul', ['centred', 'step'], 'pixels'),
          ]
        : []),
      operation('GlobalAveragePool', [startsWithSubMul ? 'pixels' : 'input.1'], 'pooled'),
      operation('Flatten', ['pooled'], 'colour'),
      operation('MatMul', ['colour', 'directions'], '683'),
    ],
  }
}

type Colour = { r: number; g: number; b: number }
export type TinyFace = { colour: Colour | string; x: number; y: number }

/** A JPEG of one colour. */
export async function colourPicture(
  colour: Colour | string,
  size: { width: number; height: number } = { width: 320, height: 240 },
): Promise<Buffer> {
  const create = { ...size, channels: 3 as const, background: colour }
  return await sharp({ create }).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()
}

/** A JPEG of 640 by 640 with faces for makeTinyFaces, each by its upper left corner. */
export async function facePicture(faces: TinyFace[]): Promise<Buffer> {
  const edge = DETECTION_EDGE_PX
  const squares = faces.map(async ({ colour, x, y }) => ({
    input: await colourPicture(colour, { width: TINY_FACE_PX, height: TINY_FACE_PX }),
    left: x,
    top: y,
  }))
  return await sharp({
    create: { width: edge, height: edge, channels: 3, background: '#707070' },
  })
    .composite(await Promise.all(squares))
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

/** Vectors of length 1 at right angles to each other, the same ones each time: cosines are those of the features. */
function directions(dimension: number): number[][] {
  const space: number[][] = []
  for (let row = 0; row < Math.min(FEATURES, dimension); row += 1) {
    let own = Array.from({ length: dimension }, (_, at) => Math.sin((row + 1) * 12.9898 * (at + 1)))
    for (const other of space) {
      const along = dot(own, other)
      own = own.map((value, at) => value - along * (other[at] ?? 0))
    }
    const length = Math.sqrt(dot(own, own))
    space.push(own.map((value) => value / length))
  }
  return space
}

const dot = (a: number[], b: number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

function combine(space: number[][], features: number[]): number[] {
  return (space[0] ?? []).map((_, at) =>
    features.reduce((sum, feature, row) => sum + feature * (space[row]?.[at] ?? 0), 0),
  )
}

const biasOf = (dimension: number) => combine(directions(dimension), [0, 0, 0, BIAS])

const operation = (
  type: string,
  inputs: string[],
  output: string,
  attributes?: Operation['attributes'],
): Operation => ({ type, inputs, outputs: [output], ...(attributes && { attributes }) })

const vector = (name: string, values: number[]): Constant => ({
  name,
  type: 'float32',
  shape: [values.length],
  values,
})

const integers = (name: string, values: number[]): Constant => ({
  name,
  type: 'int64',
  shape: [values.length],
  values,
})

const matrix = (name: string, rows: number[][]): Constant => ({
  name,
  type: 'float32',
  shape: [rows.length, rows[0]?.length ?? 0],
  values: rows.flat(),
})

async function write(path: string, bytes: Buffer) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
}

const writeJson = (path: string, content: object) =>
  write(path, Buffer.from(JSON.stringify(content)))
