import { type SQL, sql } from 'drizzle-orm'
import type { AssetId } from '#contracts/ids.ts'
import type { JobMessage } from '#contracts/jobs/define-job.ts'
import { detectFaces } from '#contracts/jobs/detect-faces.ts'
import { embedImage } from '#contracts/jobs/embed-image.ts'
import { extractMetadata } from '#contracts/jobs/extract-metadata.ts'
import { makeThumbnails } from '#contracts/jobs/make-thumbnails.ts'
import type { Db } from '../client.ts'
import { jobForEach } from './asset-jobs.ts'
import { queueRecognitionForWork, resetRecognitionForWork } from './people-work.ts'

type Options = { isForced: boolean; requestId: string }

/** Gives a queue a job for each asset that lacks what it makes; forced, for every asset. */
export type Start = (db: Db, options: Options) => Promise<void>

type Work = {
  messageFor: (assetId: AssetId) => JobMessage
  /** What an asset `a` that needs the job is known by. */
  lacking: SQL
  /** What has to hold for an asset `a` even when forced. */
  possible?: SQL
  /** A statement's part that takes back marks, so that the work is done again. */
  forget?: SQL
}

const startFor =
  ({ messageFor, lacking, possible = sql`true`, forget }: Work): Start =>
  async (db, { isForced, requestId }) => {
    const forgotten = isForced && forget ? forget : sql`select`
    await db.execute(sql`
      with forgotten as (${forgotten}),
      chosen as (select a.id from assets a
        where a.status <> 'deleted' and ${possible} and ${isForced ? sql`true` : lacking}),
      queued as (${jobForEach(sql`chosen`, messageFor, requestId)})
      select`)
  }

const hasPreview = sql`exists (select from asset_files f where f.asset_id = a.id and f.type = 'preview')`

const current = (kind: 'clip' | 'face') =>
  sql`(select id from vector_spaces where kind = ${kind} and state <> 'retired')`

/** Without a space no model has ever looked at anything. */
const notSeenBy = (kind: 'clip' | 'face') => sql`(
  not exists (select from ${current(kind)} as s)
  or exists (select from ${current(kind)} as s where not exists (
    select from asset_model_runs r where r.asset_id = a.id and r.space_id = s.id)))`

const forgetRuns = (kind: 'clip' | 'face') =>
  sql`delete from asset_model_runs where space_id in ${current(kind)}`

export const startMetadataExtraction = startFor({
  messageFor: (assetId) => extractMetadata.message({ assetId }),
  lacking: sql`a.metadata_extracted_at is null`,
})

export const startThumbnails = startFor({
  messageFor: (assetId) => makeThumbnails.message({ assetId }),
  lacking: sql`a.thumbnailed_at is null`,
})

export const startSmartSearch = startFor({
  messageFor: (assetId) => embedImage.message({ assetId }),
  lacking: notSeenBy('clip'),
  possible: hasPreview,
  forget: forgetRuns('clip'),
})

export const startFaceDetection = startFor({
  messageFor: (assetId) => detectFaces.message({ assetId }),
  lacking: notSeenBy('face'),
  possible: hasPreview,
  forget: forgetRuns('face'),
})

/** Forced, faces that nobody said anything about are given to people anew. */
export const startFacialRecognition: Start = (db, { isForced, requestId }) =>
  isForced ? resetRecognitionForWork(db, { requestId }) : queueRecognitionForWork(db, { requestId })
