import type { TimelineAsset } from './timeline-asset.ts'

export type ResultPage = { assets: TimelineAsset[]; nextPage: string | undefined }
/** One page of an answer; the first when no page is named. */
export type AskForPage = (page: string | undefined, signal: AbortSignal) => Promise<ResultPage>
