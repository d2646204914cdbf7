import { emptyExpiredTrash } from '#contracts/jobs/empty-expired-trash.ts'
import { sweepUploads } from '#contracts/jobs/sweep-uploads.ts'
import type { Db } from '#db/client.ts'
import type { PgDb } from '#db/node.ts'
import {
  claimTurn,
  deleteOldAudits,
  deleteOldFailedJobs,
  deleteOldLoginAttempts,
  deleteStaleSessions,
} from '#db/queries/housekeeping.ts'
import { insertReconcile } from '#db/queries/inbox-reconcile.ts'
import { insertJobs } from '#db/queries/outbox.ts'
import {
  deleteEmptyPeopleForWork,
  queueMissingCoversForWork,
  queueRecognitionForWork,
} from '#db/queries/people-work.ts'
import { deleteEmptyTimelineCounts, foldTimelineCounts } from '#db/queries/timeline-counts.ts'
import { withAdvisoryLock } from '#workers/runtime/advisory-lock.ts'
import type { Log } from '#workers/runtime/log.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const FOLD_LIMIT = 10_000
/** Immich's figures, which its apps count on: a device that was away for longer syncs from the beginning. */
const AUDIT_KEPT_MS = 31 * DAY_MS
const SESSION_UNUSED_MS = 90 * DAY_MS
const FAILED_JOBS_KEPT_MS = 90 * DAY_MS
const LOGIN_ATTEMPTS_KEPT_MS = DAY_MS
/** A machine that is looked at every half minute is never late by more. */
const LOOK_EVERY_MS = 30_000

export type Schedule = {
  name: string
  /** When the turn began in which the instant lies. */
  turnAt: (now: Date) => Date
  run: (db: Db, now: Date) => Promise<void>
}

const every = (ms: number) => (now: Date) => new Date(Math.floor(now.getTime() / ms) * ms)

/** At the hour in the machine's own time zone. */
const nightly = (hour: number) => (now: Date) => {
  const turn = new Date(now)
  turn.setHours(hour, 0, 0, 0)
  if (turn > now) turn.setDate(turn.getDate() - 1)
  return turn
}

const before = (now: Date, ms: number) => new Date(now.getTime() - ms)

export const schedules: Schedule[] = [
  {
    name: 'sweep-uploads',
    turnAt: every(5 * MINUTE_MS),
    run: async (db) => void (await insertJobs(db, [sweepUploads.message({})])),
  },
  { name: 'reconcile-inbox', turnAt: every(MINUTE_MS), run: insertReconcile },
  { name: 'fold-timeline-counts', turnAt: every(MINUTE_MS), run: foldAll },
  {
    name: 'delete-stale-sessions',
    turnAt: every(HOUR_MS),
    run: async (db, now) => {
      await deleteStaleSessions(db, { now, unusedSince: before(now, SESSION_UNUSED_MS) })
      await deleteOldLoginAttempts(db, { before: before(now, LOGIN_ATTEMPTS_KEPT_MS) })
    },
  },
  {
    name: 'empty-expired-trash',
    turnAt: nightly(0),
    run: async (db) => void (await insertJobs(db, [emptyExpiredTrash.message({})])),
  },
  {
    name: 'delete-old-audits',
    turnAt: nightly(0),
    run: (db, now) => deleteOldAudits(db, { before: before(now, AUDIT_KEPT_MS) }),
  },
  {
    name: 'delete-old-failed-jobs',
    turnAt: nightly(0),
    run: (db, now) => deleteOldFailedJobs(db, { before: before(now, FAILED_JOBS_KEPT_MS) }),
  },
  { name: 'look-after-people', turnAt: nightly(0), run: lookAfterPeople },
  { name: 'delete-empty-timeline-counts', turnAt: nightly(0), run: deleteEmptyTimelineCounts },
]

/** What came into the timeline or was tidied up by nobody: Immich's nightly cluster, clean-up and missing thumbnails. */
async function lookAfterPeople(db: Db) {
  await deleteEmptyPeopleForWork(db, { ids: 'all', requestId: null })
  await queueMissingCoversForWork(db, { requestId: null })
  await queueRecognitionForWork(db, { requestId: null })
}

async function foldAll(db: Db) {
  let folded = FOLD_LIMIT
  while (folded === FOLD_LIMIT) folded = await foldTimelineCounts(db, { limit: FOLD_LIMIT })
}

type Options = { db: PgDb; log: Log; clock: () => Date; schedules: Schedule[]; onTurn: () => void }

/** Any number of dispatchers may run them: a turn is given once, and its work runs under a lock. */
export function runSchedules({ db, log, clock, schedules, onTurn }: Options) {
  const taken = new Map<string, number>()
  let current: Promise<void> = Promise.resolve()

  async function look() {
    const now = clock()
    for (const schedule of schedules) await takeTurn(schedule, now)
  }

  async function takeTurn({ name, turnAt, run }: Schedule, now: Date) {
    const turn = turnAt(now)
    if (taken.get(name) === turn.getTime()) return
    try {
      const isOurs = await claimTurn(db, { schedule: name, turnAt: turn })
      taken.set(name, turn.getTime())
      if (!isOurs) return
      await withAdvisoryLock(db, `tintype:schedule:${name}`, () => run(db, now))
      onTurn()
      log.debug({ schedule: name }, 'ran')
    } catch (error) {
      log.warn({ err: error, schedule: name }, 'a schedule could not run')
    }
  }

  function start() {
    current = current.then(look)
  }

  start()
  const timer = setInterval(start, LOOK_EVERY_MS)
  return {
    async stop() {
      clearInterval(timer)
      await current
    },
  }
}
