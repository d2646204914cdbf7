import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** What a picture has to become for CLIP's picture side, from the model's own file. */
export type Preprocessing = {
  width: number
  height: number
  /** Of 0..1, for each channel. */
  mean: number[]
  std: number[]
  kernel: 'cubic' | 'linear' | 'nearest' | 'lanczos3'
  /**
   * - shortest: the shorter side fits, the rest is cut off around the middle
   * - longest: all of it fits, the rest is filled
   * - squash: both sides fit, proportions go
   */
  resizeMode: 'shortest' | 'longest' | 'squash'
  fillLevel: number
}

const File = z.object({
  size: z.union([z.int().positive(), z.tuple([z.int().positive(), z.int().positive()])]),
  mean: z.array(z.number()).length(3),
  std: z.array(z.number().positive()).length(3),
  interpolation: z.string().default('bicubic'),
  resize_mode: z.enum(['shortest', 'longest', 'squash']).default('shortest'),
  fill_color: z.number().default(0),
})
/** `random`, which some files have from training, means the usual one. */
const KERNELS: Record<string, Preprocessing['kernel']> = {
  bilinear: 'linear',
  nearest: 'nearest',
  lanczos: 'lanczos3',
}

export async function readPreprocessing(folder: string): Promise<Preprocessing> {
  const text = await readFile(join(folder, 'visual/preprocess_cfg.json'), 'utf8')
  const file = File.parse(JSON.parse(text))
  const [height, width] = typeof file.size === 'number' ? [file.size, file.size] : file.size
  return {
    width,
    height,
    mean: file.mean,
    std: file.std,
    kernel: KERNELS[file.interpolation] ?? 'cubic',
    resizeMode: file.resize_mode,
    fillLevel: file.fill_color,
  }
}
