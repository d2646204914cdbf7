import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { boundaryOf, MalformedFormError, MultipartParser } from './multipart-parser.ts'
import type { PartHeaders } from './part-headers.ts'

type Part = PartHeaders & { body: string }

const BOUNDARY = '----x-1'

async function parse(form: Buffer, chunkBytes: number): Promise<Part[]> {
  const parts: Part[] = []
  const parser = new MultipartParser({
    boundary: BOUNDARY,
    onPart: (headers) => {
      const chunks: Uint8Array[] = []
      return {
        write: (bytes) => void chunks.push(bytes.slice()),
        close: () =>
          void parts.push({ ...headers, body: Buffer.concat(chunks).toString('latin1') }),
      }
    },
  })
  for (let at = 0; at < form.length; at += chunkBytes) {
    // A copy that is spoiled afterwards: the parser must not keep views of it.
    const chunk = Uint8Array.from(form.subarray(at, at + chunkBytes))
    await parser.push(chunk)
    chunk.fill(0)
  }
  parser.end()
  return parts
}

const text = (name: string, value: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, fileName: string, value: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: image/jpeg\r\n\r\n${value}\r\n`
const END = `--${BOUNDARY}--\r\n`

const TREACHEROUS = [
  '',
  '\r',
  '\r\n',
  '\r\n--',
  `\r\n--${BOUNDARY.slice(0, -1)}`,
  `--${BOUNDARY}`,
  '\r\r\n\r\n-',
  `\r\n--${BOUNDARY.slice(0, -1)}\r\n--`,
].map((body) => body)

test.each([1, 2, 3, 5, 7, 16, 61, 1000, 1_000_000])(
  'reads a form in chunks of %i bytes',
  async (chunkBytes) => {
    const bodies = [...TREACHEROUS, randomBytes(3000).toString('latin1')]
    const form = bodies.map((body, index) => file(`f${index}`, `${index}.jpg`, body)).join('')
    const whole = Buffer.from(text('before', 'a') + form + text('after', 'ü') + END, 'latin1')

    const parts = await parse(whole, chunkBytes)

    expect(parts.map(({ name }) => name)).toEqual([
      'before',
      ...bodies.map((_, index) => `f${index}`),
      'after',
    ])
    expect(parts.slice(1, -1).map(({ body }) => body)).toEqual(bodies)
    expect(parts[1]).toMatchObject({ fileName: '0.jpg', contentType: 'image/jpeg' })
    expect(parts[0]).toMatchObject({ fileName: undefined, body: 'a' })
  },
)

test('ignores what stands before the first and after the last delimiter', async () => {
  const form = Buffer.from(`hello\r\n${text('a', '1')}${END}trailing --${BOUNDARY}`)

  expect(await parse(form, 4)).toMatchObject([{ name: 'a', body: '1' }])
})

test('takes blanks after a delimiter', async () => {
  const form = Buffer.from(text('a', '1').replace('\r\n', ' \t\r\n') + END)

  expect(await parse(form, 4)).toMatchObject([{ name: 'a', body: '1' }])
})

test.each([
  ['ends within a file', text('a', '1') + file('b', 'b.jpg', 'half').slice(0, -8)],
  ['ends before the closing delimiter', text('a', '1')],
  ['ends within the closing delimiter', (text('a', '1') + END).slice(0, -4)],
  ['is empty', ''],
  ['has no delimiter', 'something else'],
  ['has a part without a name', `--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n${END}`],
  ['has endless headers', `--${BOUNDARY}\r\nX: ${'y'.repeat(40_000)}`],
  ['goes on behind a delimiter', `--${BOUNDARY}abc\r\n${END}`],
  ['has too many parts', text('a', '1').repeat(1000) + END],
])('refuses a form that %s', async (_, form) => {
  await expect(parse(Buffer.from(form), 1000)).rejects.toThrow(MalformedFormError)
})

test.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['multipart/form-data;boundary="a b"', 'a b'],
  ['Multipart/Form-Data; charset=utf-8; Boundary=abc; x=y', 'abc'],
  ['multipart/form-data', undefined],
  ['application/json; boundary=abc', undefined],
  ['', undefined],
])('finds the boundary in %j', (contentType, boundary) => {
  expect(boundaryOf(contentType)).toBe(boundary)
})
