import { Hono } from 'hono'
import { z } from 'zod'
import { IMMICH_VERSION } from '#contracts/api/common.ts'
import {
  ServerAboutResponseDto,
  ServerConfigDto,
  ServerFeaturesDto,
  ServerMediaTypesResponseDto,
  ServerPingResponse,
  ServerStatsResponseDto,
  ServerStorageResponseDto,
  ServerVersionHistoryResponseDto,
  ServerVersionResponseDto,
  VersionCheckStateResponseDto,
} from '#contracts/api/server.ts'
import { mediaTypes } from '#contracts/media-types.ts'
import type { AppEnv } from '../app-env.ts'
import { allow, allowAdmin, publicRoute } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { findConfig } from './find-config.ts'
import { findFeatures } from './find-features.ts'
import { findStatistics } from './find-statistics.ts'
import { findStorage } from './find-storage.ts'
import { findVersionHistory } from './find-version-history.ts'
import { API_VERSION } from './version.ts'

const ABOUT = {
  version: `v${API_VERSION}`,
  // What is spoken here, in full.
  versionUrl: '/api/openapi.json',
  licensed: false,
  build: 'Tintype',
  repository: 'tintype',
}

export const serverRoutes = new Hono<AppEnv>()
  .get('/ping', publicRoute, answers(200, ServerPingResponse), (c) => c.json({ res: 'pong' }))
  .get('/version', publicRoute, answers(200, ServerVersionResponseDto), (c) =>
    c.json({ ...IMMICH_VERSION, prerelease: null }),
  )
  .get(
    '/version-history',
    publicRoute,
    answers(200, z.array(ServerVersionHistoryResponseDto)),
    async (c) => c.json(await findVersionHistory(c.var.deps)),
  )
  // Nothing here asks the internet for newer versions.
  .get(
    '/version-check',
    allow('server.versionCheck'),
    answers(200, VersionCheckStateResponseDto),
    (c) => c.json({ checkedAt: null, releaseVersion: null }),
  )
  .get('/features', publicRoute, answers(200, ServerFeaturesDto), async (c) =>
    c.json(await findFeatures(c.var.deps)),
  )
  .get('/config', publicRoute, answers(200, ServerConfigDto), async (c) =>
    c.json(await findConfig(c.var.deps)),
  )
  .get('/media-types', publicRoute, answers(200, ServerMediaTypesResponseDto), (c) =>
    c.json(mediaTypes),
  )
  .get('/about', allow('server.about'), answers(200, ServerAboutResponseDto), (c) => c.json(ABOUT))
  .get('/storage', allow('server.storage'), answers(200, ServerStorageResponseDto), async (c) =>
    c.json(await findStorage(c.var.deps)),
  )
  .get(
    '/statistics',
    allowAdmin('server.statistics'),
    answers(200, ServerStatsResponseDto),
    async (c) => c.json(await findStatistics(c.var.deps)),
  )
