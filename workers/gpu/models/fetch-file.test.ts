import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fetchFile } from './fetch-file.ts'

const content = Buffer.from('weights '.repeat(1000))
const HTML = '<h1>please log in</h1>'

type Answer = (response: ServerResponse, start: number) => void

const whole: Answer = (response) => response.writeHead(200).end(content)
const rest: Answer = (response, start) =>
  response
    .writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` })
    .end(content.subarray(start))
const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end('an error page')
const html: Answer = (response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end(HTML)
const torn: Answer = (response) => {
  response.writeHead(200, { 'content-length': content.length })
  response.write(content.subarray(0, 1000), () => response.destroy())
}

/** Answers in this order; the last one again and again. */
async function fetchFrom(answers: Answer[]) {
  let asked = 0
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked, answers.length - 1)]
    asked += 1
    answer?.(response, Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const folder = await mkdtemp(join(tmpdir(), 'tintype-fetch-'))
  onTestFinished(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })
  const path = join(folder, 'visual/model.onnx')
  const value = createHash('sha256').update(content).digest('hex')
  await fetchFile({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.onnx`,
    path,
    file: {
      path: 'visual/model.onnx',
      sizeBytes: content.length,
      hash: { algorithm: 'sha256', value },
    },
    signal: new AbortController().signal,
    onBytes: () => undefined,
    retryMs: 1,
  })
  return await readFile(path)
}

test.each([
  ['errors of a moment', [status(500), status(429), status(503), whole]],
  ['a page of a router in place of the file, of which nothing stays', [html, rest, whole]],
  ['a cut, with an error before the rest', [torn, status(502), rest]],
])('a file comes true after %s', async (_, answers) => {
  expect((await fetchFrom(answers)).equals(content)).toBe(true)
})

test.each([
  ['404', [status(404)], 'the hub answers 404 for visual/model.onnx'],
  ['500 for ever', [status(500)], 'the hub answers 500 for visual/model.onnx'],
  ['a page for ever', [html], `the hub sends only ${HTML.length} bytes of visual/model.onnx`],
])('a hub that answers %s is told from others', async (_, answers, reason) => {
  await expect(fetchFrom(answers)).rejects.toThrow(reason)
})
