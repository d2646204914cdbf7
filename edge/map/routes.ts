import { Hono } from 'hono'
import { z } from 'zod'
import { MapMarkerResponseDto, MapMarkersQuery } from '#contracts/api/map.ts'
import { findMapMarkersJson } from '#db/queries/map.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'

export const mapRoutes = new Hono<AppEnv>().get(
  '/markers',
  allow('map.read'),
  validate('query', MapMarkersQuery),
  answers(200, z.array(MapMarkerResponseDto)),
  async (c) => {
    const scope = { ...assetViewerOf(c.var.viewer), ...c.req.valid('query') }
    const json = await findMapMarkersJson(c.var.deps.db, scope)
    return c.body(json, 200, { 'Content-Type': 'application/json' })
  },
)
