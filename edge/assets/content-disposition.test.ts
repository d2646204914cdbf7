import { expect, test } from 'vitest'
import { contentDisposition } from './content-disposition.ts'

test.each([
  ['IMG 1.jpg', `inline; filename="IMG 1.jpg"; filename*=UTF-8''IMG%201.jpg`],
  ['a"b\\c;d%.jpg', `inline; filename="a_b_c_d_.jpg"; filename*=UTF-8''a%22b%5Cc%3Bd%25.jpg`],
  ["it's (1)*.jpg", `inline; filename="it's (1)*.jpg"; filename*=UTF-8''it%27s%20%281%29%2A.jpg`],
  ['日.heic', `inline; filename="_.heic"; filename*=UTF-8''%E6%97%A5.heic`],
  ['\ud800.jpg', `inline; filename="_.jpg"; filename*=UTF-8''%EF%BF%BD.jpg`],
  [
    'a\r\nSet-Cookie: x',
    `inline; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`,
  ],
])('names %j', (fileName, expected) => {
  expect(contentDisposition('inline', fileName)).toBe(expected)
})
