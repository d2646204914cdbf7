import { Hono } from 'hono'
import { z } from 'zod'
import {
  TimeBucketAssetResponseDto,
  TimeBucketQuery,
  TimeBucketsQuery,
  TimeBucketsResponseDto,
} from '#contracts/api/timeline.ts'
import { findTimelineMonth, listTimelineMonths } from '#db/queries/timeline.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { timelineOf } from './timeline-of.ts'

export const timelineRoutes = new Hono<AppEnv>()
  .get(
    '/buckets',
    allow('asset.read'),
    validate('query', TimeBucketsQuery),
    answers(200, z.array(TimeBucketsResponseDto)),
    async (c) => {
      const timeline = await timelineOf(c.var.deps, c.var.viewer, c.req.valid('query'))
      const months = await listTimelineMonths(c.var.deps.db, timeline)
      return c.json(months.map(({ month, count }) => ({ timeBucket: month, count })))
    },
  )
  .get(
    '/bucket',
    allow('asset.read'),
    validate('query', TimeBucketQuery),
    answers(200, TimeBucketAssetResponseDto),
    async (c) => {
      const { timeBucket, withCoordinates = false, ...query } = c.req.valid('query')
      const columns = await findTimelineMonth(c.var.deps.db, {
        ...(await timelineOf(c.var.deps, c.var.viewer, query)),
        month: `${timeBucket.slice(0, timeBucket.lastIndexOf('-'))}-01`,
        withCoordinates,
      })
      // Text from the database as it is: parsing a month of thousands here would hold up everybody.
      return c.body(columns, 200, { 'Content-Type': 'application/json' })
    },
  )
