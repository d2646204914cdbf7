import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AssetClaims } from '#contracts/api/uploads.ts'
import { readClaims } from './read-claims.ts'

const MODIFIED_AT_MS = Date.UTC(2024, 4, 6, 7, 8, 9)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-claims-'))
})

afterAll(() => rm(folder, { recursive: true }))

async function claimsOf(path: string): Promise<AssetClaims> {
  const handle = await open(path)
  try {
    const { size: sizeBytes } = await handle.stat()
    const read = async (start: number, end: number) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, sizeBytes) - start))
      await handle.read(bytes, 0, bytes.length, start)
      return bytes
    }
    return await readClaims({
      name: path,
      modifiedAtMs: MODIFIED_AT_MS,
      file: { sizeBytes, read },
      exifInput: path,
    })
  } finally {
    await handle.close()
  }
}

async function makePhoto(name: string, exif: Record<string, Record<string, string>>) {
  const path = join(folder, name)
  const photo = sharp({ create: { width: 40, height: 30, channels: 3, background: '#456' } })
  await photo.withExif(exif).toFile(path)
  return path
}

function makeFilm(name: string, ...options: string[]) {
  const path = join(folder, name)
  const input = ['-f', 'lavfi', '-i', 'testsrc=size=64x32:rate=10:duration=1']
  execFileSync('ffmpeg', ['-v', 'error', ...input, '-c:v', 'mpeg4', ...options, path])
  return path
}

test.each(['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Kiritimati'])(
  'a time without zone stays what the clock showed, on a machine in %s',
  async (zone) => {
    const path = await makePhoto('wall.jpg', { IFD2: { DateTimeOriginal: '2019:12:31 23:59:58' } })
    const zoneBefore = process.env.TZ
    process.env.TZ = zone

    const claims = await claimsOf(path).finally(() => {
      process.env.TZ = zoneBefore
    })

    expect(claims).toEqual({
      fileCreatedAt: '2019-12-31T23:59:58.000Z',
      localDateTime: '2019-12-31T23:59:58.000Z',
      fileModifiedAt: '2024-05-06T07:08:09.000Z',
      width: 40,
      height: 30,
    })
  },
)

test.each([
  ['+02:00', '2019-12-31T21:59:58.000Z', 'UTC+2'],
  ['-03:30', '2020-01-01T03:29:58.000Z', 'UTC-3:30'],
  ['+00:00', '2019-12-31T23:59:58.000Z', 'UTC'],
])('an offset of %s makes an instant of it', async (offset, fileCreatedAt, timeZone) => {
  const path = await makePhoto('offset.jpg', {
    IFD2: { DateTimeOriginal: '2019:12:31 23:59:58', OffsetTimeOriginal: offset },
  })

  expect(await claimsOf(path)).toMatchObject({
    fileCreatedAt,
    timeZone,
    localDateTime: '2019-12-31T23:59:58.000Z',
  })
})

test.each(['0000:00:00 00:00:00', '2019:02:31 10:00:00', '    :  :     :  :  ', 'yesterday'])(
  'a date of "%s" is none: the file was last changed then',
  async (date) => {
    const path = await makePhoto('bad.jpg', { IFD2: { DateTimeOriginal: date } })

    const claims = await claimsOf(path)

    expect(claims.fileCreatedAt).toBe('2024-05-06T07:08:09.000Z')
    expect(claims.localDateTime).toBeUndefined()
  },
)

test('the place is read with its hemisphere', async () => {
  const path = await makePhoto('place.jpg', {
    IFD3: {
      GPSLatitudeRef: 'S',
      GPSLatitude: '33/1 51/1 30/1',
      GPSLongitudeRef: 'W',
      GPSLongitude: '70/1 40/1 0/1',
    },
  })

  const { latitude, longitude } = await claimsOf(path)

  expect(latitude).toBeCloseTo(-33.8583, 3)
  expect(longitude).toBeCloseTo(-70.6667, 3)
})

test.each(['photo.jpg', 'photo.png', 'photo.webp', 'photo.gif', 'photo.tiff'])(
  'the size of %s is read from its header',
  async (name) => {
    expect(await claimsOf(await makePhoto(name, {}))).toMatchObject({ width: 40, height: 30 })
  },
)

test('a turned photo has its shown size', async () => {
  const path = join(folder, 'turned.jpg')
  const photo = sharp({ create: { width: 40, height: 30, channels: 3, background: '#456' } })
  await photo.withMetadata({ orientation: 6 }).jpeg().toFile(path)

  expect(await claimsOf(path)).toMatchObject({ width: 30, height: 40 })
})

test('WebP carries its date too', async () => {
  const path = await makePhoto('date.webp', { IFD2: { DateTimeOriginal: '2019:12:31 23:59:58' } })

  expect((await claimsOf(path)).localDateTime).toBe('2019-12-31T23:59:58.000Z')
})

test.each([
  ['film.mp4', []],
  ['film.mov', []],
  ['fast.mp4', ['-movflags', 'faststart']],
])('date, length and size of %s come from its header', async (name, options) => {
  const path = makeFilm(name, '-metadata', 'creation_time=2021-03-04T05:06:07Z', ...options)

  expect(await claimsOf(path)).toMatchObject({
    fileCreatedAt: '2021-03-04T05:06:07.000Z',
    localDateTime: '2021-03-04T05:06:07.000Z',
    durationMs: 1000,
    width: 64,
    height: 32,
  })
})

test("Apple's local time of a film counts before the header's", async () => {
  const path = makeFilm(
    'apple.mov',
    ...['-movflags', 'use_metadata_tags', '-metadata', 'creation_time=2021-03-04T05:06:07Z'],
    ...['-metadata', 'com.apple.quicktime.creationdate=2021-03-04T07:06:07+0200'],
    ...['-metadata', 'com.apple.quicktime.location.ISO6709=+48.2082+016.3738+171.000/'],
  )

  expect(await claimsOf(path)).toMatchObject({
    fileCreatedAt: '2021-03-04T05:06:07.000Z',
    localDateTime: '2021-03-04T07:06:07.000Z',
    timeZone: 'UTC+2',
    latitude: 48.2082,
    longitude: 16.3738,
  })
})

test.each(['nothing.jpg', 'nothing.mp4', 'nothing.heic', 'nothing.webp', 'nothing.cr3'])(
  'noise named %s has only the time of the file',
  async (name) => {
    const path = join(folder, name)
    await writeFile(path, Buffer.from('RIFF0000WEBPEXIF\xff\xff\xff\xff not what it says'))
    await utimes(path, 1, 1)

    expect(await claimsOf(path)).toEqual({
      fileCreatedAt: '2024-05-06T07:08:09.000Z',
      fileModifiedAt: '2024-05-06T07:08:09.000Z',
    })
  },
)

const MEDIA = new URL('../../shared/media/', import.meta.url).pathname
type Expected = { file: string; date: string | null; display_width: number | null }

describe.skipIf(!existsSync(`${MEDIA}expected.json`))('the collection of real files', () => {
  const expected: Expected[] = existsSync(`${MEDIA}expected.json`)
    ? JSON.parse(readFileSync(`${MEDIA}expected.json`, 'utf8'))
    : []
  const present = expected.filter(({ file }) => existsSync(MEDIA + file))

  test.each(present.map(({ file }) => file))(
    '%s gives claims that the server takes',
    async (file) => {
      const claims = await claimsOf(MEDIA + file)

      expect(AssetClaims.safeParse(claims).error).toBeUndefined()
    },
  )
})
