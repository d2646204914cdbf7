import type { QueueResponseDto } from '#contracts/api/queues.ts'

export type QueueFacts = { title: string; about: string; canStart?: boolean }

/** What people call the work of each queue. The others are shown only when something is in them. */
const KNOWN: Record<string, QueueFacts> = {
  metadataExtraction: {
    title: 'Reading metadata',
    about: 'Dates, places and cameras out of new files',
    canStart: true,
  },
  thumbnailGeneration: {
    title: 'Thumbnails',
    about: 'Previews, thumbnails and the faces of people',
    canStart: true,
  },
  smartSearch: {
    title: 'Search by words',
    about: 'What is in a picture, so that words find it',
    canStart: true,
  },
  faceDetection: { title: 'Finding faces', about: 'Where faces are in a picture', canStart: true },
  facialRecognition: {
    title: 'Recognizing people',
    about: 'Which faces belong to one person',
    canStart: true,
  },
  library: { title: 'Drop-in', about: 'Files that were copied into an inbox' },
}

export type ShownQueue = QueueResponseDto & QueueFacts

export function shownQueues(queues: readonly QueueResponseDto[]): ShownQueue[] {
  const byName = new Map(queues.map((queue) => [String(queue.name), queue]))
  const known = Object.entries(KNOWN).flatMap(([name, facts]) => {
    const queue = byName.get(name)
    return queue ? [{ ...queue, ...facts }] : []
  })
  const others = queues
    .filter(({ name, statistics }) => !(name in KNOWN) && openIn(statistics) > 0)
    .map((queue) => ({ ...queue, title: inWords(queue.name), about: '' }))
  return [...known, ...others]
}

type Statistics = QueueResponseDto['statistics']

export const waitingIn = ({ waiting, delayed, paused }: Statistics) => waiting + delayed + paused

const openIn = (statistics: Statistics) =>
  statistics.active + statistics.failed + waitingIn(statistics)

/** backgroundTask → Background task */
function inWords(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
