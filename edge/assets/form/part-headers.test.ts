import { expect, test } from 'vitest'
import { parsePartHeaders } from './part-headers.ts'

test.each([
  ['form-data; name="a"', { name: 'a', fileName: undefined }],
  ['form-data; name=a; filename=b.jpg', { name: 'a', fileName: 'b.jpg' }],
  ['form-data; name="a"; filename="IMG 1; x=\\"y\\".jpg"', { fileName: 'IMG 1; x="y".jpg' }],
  ['form-data; name="a"; filename="say %22hi%22.jpg"', { fileName: 'say "hi".jpg' }],
  ['form-data; name="a"; filename="100%25.jpg"', { fileName: '100%25.jpg' }],
  ['form-data; name="a"; filename="日本 🙂.heic"', { fileName: '日本 🙂.heic' }],
  [
    'form-data; name="a"; filename="x.jpg"; filename*=UTF-8\'\'%e2%82%ac.jpg',
    { fileName: '€.jpg' },
  ],
  ['form-data; name="a"; filename="x.jpg"; filename*=UTF-8\'\'%zz', { fileName: 'x.jpg' }],
  ['form-data; name="a"; filename=""', { fileName: '' }],
])('reads %s', (disposition, expected) => {
  expect(parsePartHeaders(`Content-Disposition: ${disposition}`)).toMatchObject(expected)
})

test('reads the content type whatever the case of the names', () => {
  const block = 'content-disposition: form-data; name="a"; filename="b"\r\nCONTENT-TYPE: image/jpeg'

  expect(parsePartHeaders(block)?.contentType).toBe('image/jpeg')
})

test.each(['', 'Content-Disposition: attachment; name="a"', 'Content-Disposition: form-data'])(
  'finds no field in %j',
  (block) => {
    expect(parsePartHeaders(block)).toBeUndefined()
  },
)
