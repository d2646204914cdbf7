import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type PushMessage, tellUser } from '#contracts/events.ts'
import type { UserId } from '#contracts/ids.ts'
import { newId } from '#contracts/new-id.ts'
import { until } from '#test/helpers/until.ts'
import { createLog } from './log.ts'
import { createPusher } from './push.ts'

const log = createLog({ process: 'test', level: 'silent' })
const userId = newId<UserId>()
const message = tellUser(userId, 'on_timeline_change')

type Got = { authorization: string | undefined; events: PushMessage[] }

/** A Hub that answers with this status and remembers what came. */
async function startHub(answer: () => number = () => 204) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    got.push({ authorization: request.headers.authorization, ...JSON.parse(body) })
    response.writeHead(answer()).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('what comes together goes in one request, with the secret', async () => {
  const hub = await startHub()
  const pusher = createPusher({ url: hub.url, secret: 'the secret', log })

  pusher.push([message])
  pusher.push([message, message])
  await pusher.close()

  expect(hub.got).toEqual([
    { authorization: 'Bearer the secret', events: [message, message, message] },
  ])
})

test('a Hub that is away or angry is no reason to fail, and hears what comes later', async () => {
  const statuses = [500, 204]
  const hub = await startHub(() => statuses.shift() ?? 204)
  const absent = createPusher({ url: 'http://127.0.0.1:9', secret: 'x', log })
  const pusher = createPusher({ url: hub.url, secret: 'x', log })

  absent.push([message])
  pusher.push([message])
  await until(() => hub.got.length === 1)
  pusher.push([message])

  await until(() => hub.got.length === 2)
  await Promise.all([absent.close(), pusher.close()])
})

test('an endless stream of news needs no endless room', async () => {
  const hub = await startHub()
  const pusher = createPusher({ url: hub.url, secret: 'x', log })

  pusher.push(Array.from({ length: 7000 }, () => message))
  await pusher.close()

  expect(hub.got.map(({ events }) => events.length)).toEqual([1000, 1000, 1000, 1000, 1000])
})
