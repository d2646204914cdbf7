import { expect, test } from 'vitest'
import { faultOfName, fileNameOfKey, sidecarKeysOf, stemOf } from './inbox-names.ts'

test.each([
  ['inbox/u/a.jpg', 'a.jpg'],
  ['inbox/u/../../../etc/passwd.jpg', 'passwd.jpg'],
  ['inbox/u/..\\..\\windows\\evil.jpg', 'evil.jpg'],
  ['inbox/u/a\u0000b\nc.jpg', 'abc.jpg'],
  ['inbox/u/\ud800.jpg', '\ufffd.jpg'],
  ['inbox/u/ صورة.jpg ', 'صورة.jpg'],
])('%j is called %j', (key, name) => {
  expect(fileNameOfKey(key)).toBe(name)
})

test.each(['..', '.', ' ', 'a/.hidden.jpg', '../.ssh/a.jpg'])('%j has a fault', (name) => {
  expect(faultOfName(`inbox/u/${name}`)).toBeDefined()
})

test.each(['a.jpg', 'party.jpg', 'a.b.c.jpg', 'partial.jpg', 'tmp/a.jpg', 'a~b.jpg'])(
  '%j has none',
  (name) => {
    expect(faultOfName(`inbox/u/${name}`)).toBeUndefined()
  },
)

test('the whole name of a sidecar comes before the short one', () => {
  expect(stemOf('inbox/u/a.b/c')).toBe('inbox/u/a.b/c')
  expect(sidecarKeysOf('inbox/u/a.jpg')).toEqual([
    'inbox/u/a.jpg.xmp',
    'inbox/u/a.jpg.XMP',
    'inbox/u/a.xmp',
    'inbox/u/a.XMP',
  ])
})
