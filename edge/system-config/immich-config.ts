import type { SystemConfigDto } from '#contracts/api/system-config.ts'
import type { SystemConfig } from '#contracts/system-config.ts'

const NIGHTLY = '0 03 * * *'
const often = (concurrency: number) => ({ concurrency })

/**
 * What Immich's clients expect to find and this server does not let anybody change. Where Immich's default would claim
 * something that is not there, it says so by `false` or `disabled`. How much runs at once is MEDIA_CONCURRENCY's business.
 */
const FIXED = {
  backup: { database: { enabled: false, cronExpression: '0 02 * * *', keepLastAmount: 14 } },
  ffmpeg: {
    accel: 'disabled',
    accelDecode: false,
    acceptedAudioCodecs: ['aac', 'mp3', 'opus'],
    acceptedContainers: ['mov', 'ogg', 'webm'],
    acceptedVideoCodecs: ['h264'],
    bframes: -1,
    cqMode: 'auto',
    crf: 23,
    gopSize: 0,
    maxBitrate: '0',
    preferredHwDevice: 'auto',
    preset: 'veryfast',
    realtime: { enabled: false, resolutions: [480, 720, 1080], videoCodecs: ['h264', 'hevc'] },
    refs: 0,
    targetAudioCodec: 'aac',
    targetResolution: '720',
    targetVideoCodec: 'h264',
    temporalAQ: false,
    threads: 0,
    tonemap: 'hable',
    transcode: 'disabled',
    twoPass: false,
  },
  image: {
    colorspace: 'srgb',
    extractEmbedded: true,
    fullsize: { enabled: false, format: 'jpeg', quality: 80, progressive: false },
    preview: { format: 'jpeg', quality: 80, size: 1440, progressive: false },
    thumbnail: { format: 'webp', quality: 80, size: 250, progressive: false },
  },
  integrityChecks: {
    checksumFiles: {
      cronExpression: NIGHTLY,
      enabled: false,
      percentageLimit: 1,
      timeLimit: 3_600_000,
    },
    missingFiles: { cronExpression: NIGHTLY, enabled: false },
    untrackedFiles: { cronExpression: NIGHTLY, enabled: false },
  },
  job: {
    backgroundTask: often(3),
    editor: often(1),
    integrityCheck: often(1),
    library: often(2),
    metadataExtraction: often(1),
    migration: often(1),
    notifications: often(1),
    ocr: often(1),
    search: often(1),
    sidecar: often(1),
    thumbnailGeneration: often(2),
    videoConversion: often(1),
    workflow: often(1),
  },
  library: {
    scan: { enabled: false, cronExpression: '0 0 * * *' },
    watch: { enabled: false },
  },
  logging: { enabled: true, level: 'log' },
  machineLearning: {
    availabilityChecks: { enabled: true, interval: 30_000, timeout: 2000 },
    duplicateDetection: { enabled: false, maxDistance: 0.01 },
    ocr: {
      enabled: false,
      maxResolution: 736,
      minDetectionScore: 0.5,
      minRecognitionScore: 0.8,
      modelName: 'PP-OCRv5_mobile',
    },
    urls: [],
  },
  metadata: { faces: { import: false } },
  newVersionCheck: { channel: 'stable', enabled: false },
  nightlyTasks: {
    clusterNewFaces: true,
    databaseCleanup: true,
    generateMemories: false,
    missingThumbnails: false,
    startTime: '00:00',
    syncQuotaUsage: false,
  },
  notifications: {
    smtp: {
      enabled: false,
      from: '',
      replyTo: '',
      transport: {
        host: '',
        ignoreCert: false,
        password: '',
        port: 587,
        secure: false,
        username: '',
      },
    },
  },
  oauth: {
    allowInsecureRequests: false,
    autoLaunch: false,
    autoRegister: true,
    buttonText: 'Login with OAuth',
    clientId: '',
    clientSecret: '',
    defaultStorageQuota: null,
    enabled: false,
    endSessionEndpoint: '',
    issuerUrl: '',
    mobileOverrideEnabled: false,
    mobileRedirectUri: '',
    profileSigningAlgorithm: 'none',
    prompt: '',
    roleClaim: 'immich_role',
    scope: 'openid email profile',
    signingAlgorithm: 'RS256',
    storageLabelClaim: 'preferred_username',
    storageQuotaClaim: 'immich_quota',
    timeout: 30_000,
    tokenEndpointAuthMethod: 'client_secret_post',
  },
  reverseGeocoding: { enabled: false },
  storageTemplate: {
    enabled: false,
    hashVerificationEnabled: true,
    template: '{{y}}/{{y}}-{{MM}}-{{dd}}/{{filename}}',
  },
  templates: { email: { albumInviteTemplate: '', albumUpdateTemplate: '', welcomeTemplate: '' } },
  theme: { customCss: '' },
} as const

type Tree = { [name: string]: unknown }
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function merge(below: Tree, above: Tree): Tree {
  const names = new Set([...Object.keys(below), ...Object.keys(above)])
  return Object.fromEntries(
    [...names].map((name) => {
      const [low, high] = [below[name], above[name]]
      if (isTree(low) && isTree(high)) return [name, merge(low, high)]
      return [name, high === undefined ? low : high]
    }),
  )
}

/** The settings as Immich's clients read them. */
export function presentConfig(config: SystemConfig): SystemConfigDto {
  return merge(FIXED, config) as SystemConfigDto // FIXED has what `config` lacks of the DTO
}

/** Paths at which a client wants something that `presentConfig` would not give it. */
export function listRefused(wanted: unknown, given: unknown, path: string[] = []): string[][] {
  if (isTree(wanted) && isTree(given)) {
    return Object.keys(wanted).flatMap((name) =>
      listRefused(wanted[name], given[name], [...path, name]),
    )
  }
  return wanted === undefined || JSON.stringify(wanted) === JSON.stringify(given) ? [] : [path]
}
