import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { atEndOfFile } from '#test/helpers/at-end-of-file.ts'
import { readTagsWithExifr } from './exifr.ts'
import { createExiftool } from './exiftool.ts'
import { metadataOf } from './media-metadata.ts'
import {
  createTestFolder,
  HAS_SAMPLES,
  makeJpeg,
  makeSidecar,
  SAMPLES,
  withTags,
} from './test-media.suite.ts'

const run = promisify(execFile)
const exiftool = createExiftool({ maxProcesses: 1 })
atEndOfFile(() => exiftool.close())
const folder = await createTestFolder()

async function pathOf(bytes: Buffer, name: string) {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

async function read(bytes: Buffer, sidecar?: Buffer) {
  const tags = await exiftool.readTags(await pathOf(bytes, 'photo'))
  if (!sidecar) return metadataOf(tags)
  return metadataOf(tags, await exiftool.readTags(await pathOf(sidecar, 'sidecar.xmp')))
}

const tokyo = {
  'EXIF:GPSLatitude': 35.6586,
  'EXIF:GPSLatitudeRef': 'N',
  'EXIF:GPSLongitude': 139.7454,
  'EXIF:GPSLongitudeRef': 'E',
}

test.each([
  [
    'an offset tag',
    { DateTimeOriginal: '2022:05:06 07:08:09', OffsetTimeOriginal: '-03:30' },
    { timeZone: 'UTC-3:30', instant: '2022-05-06T10:38:09.000Z' },
  ],
  [
    'the place',
    { DateTimeOriginal: '2022:05:06 07:08:09', ...tokyo },
    { timeZone: 'Asia/Tokyo', instant: '2022-05-05T22:08:09.000Z' },
  ],
  [
    'nothing',
    { DateTimeOriginal: '2022:05:06 07:08:09' },
    { timeZone: null, instant: '2022-05-06T07:08:09.000Z' },
  ],
])('a photo with its zone from %s keeps its wall clock', async (_, tags, expected) => {
  const { takenAt } = await read(await withTags(await makeJpeg(), tags as never))

  expect(takenAt?.wallClock.toISOString()).toBe('2022-05-06T07:08:09.000Z')
  expect(takenAt?.instant.toISOString()).toBe(expected.instant)
  expect(takenAt?.timeZone).toBe(expected.timeZone)
})

test('a sidecar without a zone is in the zone of the photo', async () => {
  const bytes = await withTags(await makeJpeg(), tokyo as never)
  const sidecar = makeSidecar({ 'exif:DateTimeOriginal': '2000-01-02T03:04:05' })

  const { takenAt } = await read(bytes, sidecar)

  expect(takenAt?.timeZone).toBe('Asia/Tokyo')
  expect(takenAt?.instant.toISOString()).toBe('2000-01-01T18:04:05.000Z')
})

test('dates that cannot be, and the point where no photo was taken, count as absent', async () => {
  const tags = {
    DateTimeOriginal: '0000:00:00 00:00:00',
    'EXIF:GPSLatitude': 0,
    'EXIF:GPSLatitudeRef': 'N',
    'EXIF:GPSLongitude': 0,
    'EXIF:GPSLongitudeRef': 'E',
  }
  const metadata = await read(await withTags(await makeJpeg(), tags as never))

  expect(metadata).toMatchObject({ takenAt: null, latitude: null, longitude: null })
})

test('without exiftool, exifr finds date, zone, place and camera', async () => {
  const bytes = await withTags(await makeJpeg(), {
    DateTimeOriginal: '2022:05:06 07:08:09',
    Make: 'Ricoh',
    ExposureTime: '1/60',
    ...tokyo,
  } as never)

  const tags = await readTagsWithExifr(await pathOf(bytes, 'exifr.jpg'))

  expect(metadataOf(tags ?? ({} as never))).toMatchObject({
    takenAt: { timeZone: 'Asia/Tokyo', instant: new Date('2022-05-05T22:08:09Z') },
    make: 'Ricoh',
    exposureTime: '1/60',
    latitude: expect.closeTo(35.6586, 4),
  })
})

type Expected = {
  file: string
  date: string | null
  tz: string | null
  lat: number | null
  lon: number | null
  make: string | null
  model: string | null
  content_identifier: string | null
}

const samples: Expected[] = HAS_SAMPLES
  ? JSON.parse(await readFile(join(SAMPLES, 'expected.json'), 'utf8'))
  : []

test.skipIf(!HAS_SAMPLES)('real files say what is known of them', async () => {
  const mistakes: unknown[] = []
  for (const expected of samples) {
    const metadata = metadataOf(await exiftool.readTags(join(SAMPLES, expected.file)))
    const found = {
      zone: metadata.takenAt?.timeZone ?? null,
      latitude: metadata.latitude,
      make: metadata.make,
      model: metadata.model,
      content: metadata.contentIdentifier,
    }
    const wanted = {
      zone: metadata.takenAt ? expected.tz : null,
      latitude: expected.lat,
      make: expected.make,
      model: expected.model,
      content: expected.content_identifier,
    }
    const isPlace = found.latitude === null ? wanted.latitude === null : near(found, wanted)
    const isSame =
      JSON.stringify({ ...found, latitude: 0 }) === JSON.stringify({ ...wanted, latitude: 0 })
    const isDated =
      !expected.date?.match(/^[12]/) || isSameDay(metadata.takenAt?.wallClock, expected.date)
    if (!isSame || !isPlace || !isDated) mistakes.push({ file: expected.file, found, wanted })
  }
  expect(mistakes).toEqual([])
})

function near(found: { latitude: number | null }, wanted: { latitude: number | null }) {
  return Math.abs((found.latitude ?? 0) - (wanted.latitude ?? 999)) < 1e-4
}

/** The written date, give or take the zone that a UTC time was moved to. */
function isSameDay(wallClock: Date | undefined, written: string) {
  const [day = '', time = ''] = written.slice(0, 19).split(' ')
  const instant = Date.parse(`${day.replaceAll(':', '-')}T${time}Z`)
  return Math.abs((wallClock?.getTime() ?? 0) - instant) <= 14 * 3_600_000
}

test.skipIf(!HAS_SAMPLES)('real sidecars win over real photos', async () => {
  const tags = await exiftool.readTags(join(SAMPLES, 'sidecar/date_2010.jpg'))
  const sidecar = await exiftool.readTags(join(SAMPLES, 'sidecar/date_2010.jpg.xmp'))

  const { takenAt, make } = metadataOf(tags, sidecar)

  expect(takenAt?.wallClock.toISOString()).toBe('2010-09-27T14:35:33.000Z')
  expect(make).toBe('SONY')
})

test('the time zone of the machine changes nothing', async () => {
  const dated = await withTags(await makeJpeg(), { DateTimeOriginal: '2022:03:27 02:30:00' })
  const placed = await withTags(await makeJpeg(), {
    DateTimeOriginal: '2022:05:06 07:08:09',
    ...tokyo,
  } as never)
  const paths = [await pathOf(dated, 'dated.jpg'), await pathOf(placed, 'placed.jpg')]
  const tools = new URL('.', import.meta.url).href
  const script = `
    const { createExiftool } = await import('${tools}exiftool.ts')
    const { readTagsWithExifr } = await import('${tools}exifr.ts')
    const { metadataOf } = await import('${tools}media-metadata.ts')
    const exiftool = createExiftool({ maxProcesses: 1 })
    for (const path of ${JSON.stringify(paths)}) {
      console.log(JSON.stringify(metadataOf(await exiftool.readTags(path))))
      console.log(JSON.stringify(metadataOf(await readTagsWithExifr(path))))
    }
    await exiftool.close()`
  const zones = ['UTC', 'America/St_Johns', 'Asia/Kathmandu', 'Europe/Berlin']

  const outputs = await Promise.all(
    zones.map(async (TZ) => {
      const args = ['--input-type=module', '-e', script]
      return (await run(process.execPath, args, { env: { ...process.env, TZ } })).stdout
    }),
  )

  expect(outputs[0]).toContain('2022-03-27T02:30:00.000Z')
  expect(new Set(outputs).size).toBe(1)
})
