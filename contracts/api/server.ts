import { z } from 'zod'
import { UserId } from '../ids.ts'
import { wholeNumber } from './common.ts'

export const ServerPingResponse = z.object({ res: z.string() }).meta({ id: 'ServerPingResponse' })

export const ServerVersionResponseDto = z
  .object({
    major: wholeNumber,
    minor: wholeNumber,
    patch: wholeNumber,
    prerelease: wholeNumber.nullable(),
  })
  .meta({ id: 'ServerVersionResponseDto' })
export type ServerVersionResponseDto = z.infer<typeof ServerVersionResponseDto>

export const ServerVersionHistoryResponseDto = z
  .object({ id: z.uuid(), createdAt: z.iso.datetime(), version: z.string() })
  .meta({ id: 'ServerVersionHistoryResponseDto' })
export type ServerVersionHistoryResponseDto = z.infer<typeof ServerVersionHistoryResponseDto>

export const VersionCheckStateResponseDto = z
  .object({ checkedAt: z.string().nullable(), releaseVersion: z.string().nullable() })
  .meta({ id: 'VersionCheckStateResponseDto' })

export const ServerFeaturesDto = z
  .object({
    configFile: z.boolean(),
    duplicateDetection: z.boolean(),
    email: z.boolean(),
    facialRecognition: z.boolean(),
    importFaces: z.boolean(),
    map: z.boolean(),
    oauth: z.boolean(),
    oauthAutoLaunch: z.boolean(),
    ocr: z.boolean(),
    passwordLogin: z.boolean(),
    realtimeTranscoding: z.boolean(),
    reverseGeocoding: z.boolean(),
    search: z.boolean(),
    sidecar: z.boolean(),
    smartSearch: z.boolean(),
    trash: z.boolean(),
  })
  .meta({ id: 'ServerFeaturesDto' })
export type ServerFeaturesDto = z.infer<typeof ServerFeaturesDto>

export const ServerConfigDto = z
  .object({
    externalDomain: z.string(),
    isInitialized: z.boolean(),
    isOnboarded: z.boolean(),
    loginPageMessage: z.string(),
    maintenanceMode: z.boolean(),
    mapDarkStyleUrl: z.string(),
    mapLightStyleUrl: z.string(),
    minFaces: wholeNumber,
    oauthButtonText: z.string(),
    publicUsers: z.boolean(),
    /** Ours: the first sign-up asks for the code that the terminal shows. */
    signupCodeRequired: z.boolean(),
    trashDays: wholeNumber,
    userDeleteDelay: wholeNumber,
  })
  .meta({ id: 'ServerConfigDto' })
export type ServerConfigDto = z.infer<typeof ServerConfigDto>

export const ServerMediaTypesResponseDto = z
  .object({ image: z.array(z.string()), sidecar: z.array(z.string()), video: z.array(z.string()) })
  .meta({ id: 'ServerMediaTypesResponseDto' })

export const ServerStorageResponseDto = z
  .object({
    diskAvailable: z.string(),
    diskAvailableRaw: wholeNumber,
    diskSize: z.string(),
    diskSizeRaw: wholeNumber,
    diskUse: z.string(),
    diskUseRaw: wholeNumber,
    diskUsagePercentage: z.number(),
  })
  .meta({ id: 'ServerStorageResponseDto' })
export type ServerStorageResponseDto = z.infer<typeof ServerStorageResponseDto>

export const ServerAboutResponseDto = z
  .object({
    version: z.string(),
    versionUrl: z.string(),
    licensed: z.boolean(),
    build: z.string().optional(),
    repository: z.string().optional(),
  })
  .meta({ id: 'ServerAboutResponseDto' })

const counts = {
  photos: wholeNumber,
  videos: wholeNumber,
  usage: wholeNumber,
  usagePhotos: wholeNumber,
  usageVideos: wholeNumber,
}

export const UsageByUserDto = z
  .object({
    userId: UserId,
    userName: z.string(),
    quotaSizeInBytes: wholeNumber.nullable(),
    ...counts,
  })
  .meta({ id: 'UsageByUserDto' })
export type UsageByUserDto = z.infer<typeof UsageByUserDto>

export const ServerStatsResponseDto = z
  .object({ ...counts, usageByUser: z.array(UsageByUserDto) })
  .meta({ id: 'ServerStatsResponseDto' })
export type ServerStatsResponseDto = z.infer<typeof ServerStatsResponseDto>
