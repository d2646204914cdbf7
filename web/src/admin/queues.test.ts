import { expect, test } from 'vitest'
import type { QueueResponseDto } from '#contracts/api/queues.ts'
import { shownQueues } from './queues.ts'

const queue = (name: QueueResponseDto['name'], failed = 0): QueueResponseDto => ({
  name,
  isPaused: false,
  statistics: { active: 0, completed: 9, delayed: 0, failed, paused: 0, waiting: 0 },
})

test('queues that do the work of every upload come first, the others only when something is in them', () => {
  const shown = shownQueues([
    queue('backgroundTask', 1),
    queue('migration'),
    queue('thumbnailGeneration'),
    queue('metadataExtraction'),
  ])

  expect(shown.map(({ title }) => title)).toEqual([
    'Reading metadata',
    'Thumbnails',
    'Background task',
  ])
})
