/**
 * The file extensions a library takes in, as Immich's clients know them. Which kind an upload counts as
 * follows the extension; what is then decoded follows the bytes.
 */
const RAW_TYPES = {
  '.3fr': 'image/x-hasselblad-3fr',
  '.ari': 'image/x-arriflex-ari',
  '.arw': 'image/x-sony-arw',
  '.cap': 'image/x-phaseone-cap',
  '.cin': 'image/x-phantom-cin',
  '.cr2': 'image/x-canon-cr2',
  '.cr3': 'image/x-canon-cr3',
  '.crw': 'image/x-canon-crw',
  '.dcr': 'image/x-kodak-dcr',
  '.dng': 'image/x-adobe-dng',
  '.erf': 'image/x-epson-erf',
  '.fff': 'image/x-hasselblad-fff',
  '.iiq': 'image/x-phaseone-iiq',
  '.k25': 'image/x-kodak-k25',
  '.kdc': 'image/x-kodak-kdc',
  '.mrw': 'image/x-minolta-mrw',
  '.nef': 'image/x-nikon-nef',
  '.nrw': 'image/x-nikon-nrw',
  '.orf': 'image/x-olympus-orf',
  '.ori': 'image/x-olympus-ori',
  '.pef': 'image/x-pentax-pef',
  '.psd': 'image/vnd.adobe.photoshop',
  '.raf': 'image/x-fuji-raf',
  '.raw': 'image/x-panasonic-raw',
  '.rw2': 'image/x-panasonic-rw2',
  '.rwl': 'image/x-leica-rwl',
  '.sr2': 'image/x-sony-sr2',
  '.srf': 'image/x-sony-srf',
  '.srw': 'image/x-samsung-srw',
  '.x3f': 'image/x-sigma-x3f',
} as const

const IMAGE_TYPES = {
  ...RAW_TYPES,
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.hif': 'image/hif',
  '.insp': 'image/jpeg',
  '.jp2': 'image/jp2',
  '.jpe': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.jxl': 'image/jxl',
  '.mpo': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.webp': 'image/webp',
} as const

const VIDEO_TYPES = {
  '.3gp': 'video/3gpp',
  '.3gpp': 'video/3gpp',
  '.avi': 'video/x-msvideo',
  '.flv': 'video/x-flv',
  '.insv': 'video/mp4',
  '.m2t': 'video/mp2t',
  '.m2ts': 'video/mp2t',
  '.m4v': 'video/x-m4v',
  '.mkv': 'video/x-matroska',
  '.mov': 'video/quicktime',
  '.mp4': 'video/mp4',
  '.mpe': 'video/mpeg',
  '.mpeg': 'video/mpeg',
  '.mpg': 'video/mpeg',
  '.mts': 'video/mp2t',
  '.mxf': 'application/mxf',
  '.ts': 'video/mp2t',
  '.vob': 'video/mpeg',
  '.webm': 'video/webm',
  '.wmv': 'video/x-ms-wmv',
} as const

export const mediaTypes = {
  image: Object.keys(IMAGE_TYPES),
  video: Object.keys(VIDEO_TYPES),
  sidecar: ['.xmp'],
}

export type AssetType = 'IMAGE' | 'VIDEO'

export type MediaType = { assetType: AssetType; extension: string; contentType: string }

const byExtension = new Map<string, MediaType>([
  ...Object.entries(IMAGE_TYPES).map(
    ([extension, contentType]) =>
      [extension, { assetType: 'IMAGE' as const, extension, contentType }] as const,
  ),
  ...Object.entries(VIDEO_TYPES).map(
    ([extension, contentType]) =>
      [extension, { assetType: 'VIDEO' as const, extension, contentType }] as const,
  ),
])

/** The media type that a file's name promises, or undefined for a name this library does not take. */
export function mediaTypeOfName(fileName: string): MediaType | undefined {
  const dot = fileName.lastIndexOf('.')
  return dot < 0 ? undefined : byExtension.get(fileName.slice(dot).toLowerCase())
}
