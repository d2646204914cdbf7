/** What the gallery reads of the API's answers. */
export type ServerConfig = {
  isInitialized: boolean
  loginPageMessage?: string
  trashDays: number
  /** Only where the operator opened the port to the network. */
  signupCodeRequired?: boolean
}

export type User = {
  id: string
  email: string
  name: string
  isAdmin: boolean
  shouldChangePassword: boolean
  createdAt: string
  status: string
  quotaSizeInBytes: number | null
  quotaUsageInBytes: number | null
}

export type TimeBucket = { timeBucket: string; count: number }

export type Visibility = 'timeline' | 'archive' | 'hidden' | 'locked'

/** One month as columns: equally long lists. */
export type TimeBucketAssets = {
  id: string[]
  ratio: number[]
  isFavorite: boolean[]
  isImage: boolean[]
  isTrashed: boolean[]
  visibility: Visibility[]
  thumbhash: (string | null)[]
  fileCreatedAt: string[]
  localOffsetHours: number[]
  duration: (number | null)[]
  livePhotoVideoId: (string | null)[]
  city?: (string | null)[]
  country?: (string | null)[]
  isThumbnailed?: boolean[]
  failureReason?: (string | null)[]
}

export type Exif = {
  city?: string | null
  state?: string | null
  country?: string | null
  dateTimeOriginal?: string | null
  description?: string | null
  exifImageWidth?: number | null
  exifImageHeight?: number | null
  exposureTime?: string | null
  fNumber?: number | null
  fileSizeInByte?: number | null
  focalLength?: number | null
  iso?: number | null
  latitude?: number | null
  longitude?: number | null
  lensModel?: string | null
  make?: string | null
  model?: string | null
  rating?: number | null
  timeZone?: string | null
}

export type AssetDetails = {
  id: string
  type: 'IMAGE' | 'VIDEO' | 'AUDIO' | 'OTHER'
  originalFileName: string
  originalMimeType?: string
  fileCreatedAt: string
  localDateTime: string
  createdAt: string
  width: number | null
  height: number | null
  duration: number | null
  thumbhash: string | null
  isFavorite: boolean
  isTrashed: boolean
  visibility: Visibility
  livePhotoVideoId?: string | null
  exifInfo?: Exif
  failureReason?: string | null
}

export type SessionInfo = {
  id: string
  createdAt: string
  updatedAt: string
  current: boolean
  deviceType: string
  deviceOS: string
  appVersion?: string | null
}

export type ApiKey = {
  id: string
  name: string
  permissions: string[]
  createdAt: string
  updatedAt: string
}

export type ApiKeyWithSecret = { apiKey: ApiKey; secret: string }
export type AssetStatistics = { images: number; videos: number; total: number }
export type ServerStorage = {
  diskSizeRaw: number
  diskUseRaw: number
  diskAvailableRaw: number
  diskUsagePercentage: number
}
export type ServerVersion = { major: number; minor: number; patch: number }
