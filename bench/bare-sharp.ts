import { readFileSync } from 'node:fs'
import sharp, { type JpegOptions, type WebpOptions } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'

/** CPU of this process and of children that ended. */
export function cpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / 100
}

/** The same products by hand: one decode, everything else from its pixels. */
export async function bareSharp(
  path: string,
  { jpeg, webp }: { jpeg: JpegOptions; webp: WebpOptions },
) {
  const shorterSide = (edge: number) => ({
    width: edge,
    height: edge,
    fit: 'outside' as const,
    withoutEnlargement: true,
  })
  const { data, info } = await sharp(path)
    .autoOrient()
    .resize(shorterSide(1440))
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const pixels = () => sharp(data, { raw: { width, height, channels } })
  await pixels()
    .jpeg({ quality: 80, chromaSubsampling: '4:4:4', ...jpeg })
    .toBuffer()
  await pixels()
    .resize(shorterSide(250))
    .webp({ quality: 80, ...webp })
    .toBuffer()
  const small = await pixels()
    .resize(100, 100, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  rgbaToThumbHash(small.info.width, small.info.height, small.data)
}
