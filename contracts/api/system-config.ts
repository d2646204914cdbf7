import { z } from 'zod'

/** Immich's settings in its own shape. What of them this server follows is `contracts/system-config.ts`. */

const DatabaseBackupConfig = z
  .object({
    cronExpression: z.string(),
    enabled: z.boolean(),
    keepLastAmount: z.number().int().min(1),
  })
  .meta({ id: 'DatabaseBackupConfig' })
const SystemConfigBackupsDto = z
  .object({ database: DatabaseBackupConfig })
  .meta({ id: 'SystemConfigBackupsDto' })
const TranscodeHWAccel = z
  .enum(['nvenc', 'qsv', 'vaapi', 'rkmpp', 'disabled'])
  .meta({ id: 'TranscodeHWAccel' })
const AudioCodec = z.enum(['mp3', 'aac', 'opus', 'pcm_s16le']).meta({ id: 'AudioCodec' })
const VideoContainer = z.enum(['mov', 'mp4', 'ogg', 'webm']).meta({ id: 'VideoContainer' })
const VideoCodec = z.enum(['h264', 'hevc', 'vp9', 'av1']).meta({ id: 'VideoCodec' })
const CQMode = z.enum(['auto', 'cqp', 'icq']).meta({ id: 'CQMode' })
const HlsVideoResolution = z
  .union([z.literal(480), z.literal(720), z.literal(1080), z.literal(1440), z.literal(2160)])
  .meta({
    id: 'HlsVideoResolution',
    openapi: { type: 'integer', enum: [480, 720, 1080, 1440, 2160] },
  })
const SystemConfigFFmpegRealtimeDto = z
  .object({
    enabled: z.boolean(),
    resolutions: z.array(HlsVideoResolution),
    videoCodecs: z.array(VideoCodec),
  })
  .meta({ id: 'SystemConfigFFmpegRealtimeDto' })
const ToneMapping = z.enum(['hable', 'mobius', 'reinhard', 'disabled']).meta({ id: 'ToneMapping' })
const TranscodePolicy = z
  .enum(['all', 'optimal', 'bitrate', 'required', 'disabled'])
  .meta({ id: 'TranscodePolicy' })
const SystemConfigFFmpegDto = z
  .object({
    accel: TranscodeHWAccel,
    accelDecode: z.boolean(),
    acceptedAudioCodecs: z.array(AudioCodec),
    acceptedContainers: z.array(VideoContainer),
    acceptedVideoCodecs: z.array(VideoCodec),
    bframes: z.number().int().min(-1).max(16),
    cqMode: CQMode,
    crf: z.number().int().min(0).max(51),
    gopSize: z.number().int().min(0),
    maxBitrate: z.string(),
    preferredHwDevice: z.string(),
    preset: z.string(),
    realtime: SystemConfigFFmpegRealtimeDto,
    refs: z.number().int().min(0).max(6),
    targetAudioCodec: AudioCodec,
    targetResolution: z.string(),
    targetVideoCodec: VideoCodec,
    temporalAQ: z.boolean(),
    threads: z.number().int().min(0),
    tonemap: ToneMapping,
    transcode: TranscodePolicy,
    twoPass: z.boolean(),
  })
  .meta({ id: 'SystemConfigFFmpegDto' })
const Colorspace = z.enum(['srgb', 'p3']).meta({ id: 'Colorspace' })
const ImageFormat = z.enum(['jpeg', 'webp']).meta({ id: 'ImageFormat' })
const SystemConfigGeneratedFullsizeImageDto = z
  .object({
    enabled: z.boolean(),
    format: ImageFormat,
    progressive: z.boolean().optional(),
    quality: z.number().int().min(1).max(100),
  })
  .meta({ id: 'SystemConfigGeneratedFullsizeImageDto' })
const SystemConfigGeneratedImageDto = z
  .object({
    format: ImageFormat,
    progressive: z.boolean().optional(),
    quality: z.number().int().min(1).max(100),
    size: z.number().int().min(1),
  })
  .meta({ id: 'SystemConfigGeneratedImageDto' })
const SystemConfigImageDto = z
  .object({
    colorspace: Colorspace,
    extractEmbedded: z.boolean(),
    fullsize: SystemConfigGeneratedFullsizeImageDto,
    preview: SystemConfigGeneratedImageDto,
    thumbnail: SystemConfigGeneratedImageDto,
  })
  .meta({ id: 'SystemConfigImageDto' })
const SystemConfigIntegrityChecksumJob = z
  .object({
    cronExpression: z.string(),
    enabled: z.boolean(),
    percentageLimit: z.number().min(0).max(1),
    timeLimit: z.number().int().min(0),
  })
  .meta({ id: 'SystemConfigIntegrityChecksumJob' })
const SystemConfigIntegrityJob = z
  .object({ cronExpression: z.string(), enabled: z.boolean() })
  .meta({ id: 'SystemConfigIntegrityJob' })
const SystemConfigIntegrityChecks = z
  .object({
    checksumFiles: SystemConfigIntegrityChecksumJob,
    missingFiles: SystemConfigIntegrityJob,
    untrackedFiles: SystemConfigIntegrityJob,
  })
  .meta({ id: 'SystemConfigIntegrityChecks' })
const JobSettingsDto = z
  .object({ concurrency: z.number().int().min(1) })
  .meta({ id: 'JobSettingsDto' })
const SystemConfigJobDto = z
  .object({
    backgroundTask: JobSettingsDto,
    editor: JobSettingsDto,
    faceDetection: JobSettingsDto,
    integrityCheck: JobSettingsDto,
    library: JobSettingsDto,
    metadataExtraction: JobSettingsDto,
    migration: JobSettingsDto,
    notifications: JobSettingsDto,
    ocr: JobSettingsDto,
    search: JobSettingsDto,
    sidecar: JobSettingsDto,
    smartSearch: JobSettingsDto,
    thumbnailGeneration: JobSettingsDto,
    videoConversion: JobSettingsDto,
    workflow: JobSettingsDto,
  })
  .meta({ id: 'SystemConfigJobDto' })
const SystemConfigLibraryScanDto = z
  .object({ cronExpression: z.string(), enabled: z.boolean() })
  .meta({ id: 'SystemConfigLibraryScanDto' })
const SystemConfigLibraryWatchDto = z
  .object({ enabled: z.boolean() })
  .meta({ id: 'SystemConfigLibraryWatchDto' })
const SystemConfigLibraryDto = z
  .object({ scan: SystemConfigLibraryScanDto, watch: SystemConfigLibraryWatchDto })
  .meta({ id: 'SystemConfigLibraryDto' })
const LogLevel = z
  .enum(['verbose', 'debug', 'log', 'warn', 'error', 'fatal'])
  .meta({ id: 'LogLevel' })
const SystemConfigLoggingDto = z
  .object({ enabled: z.boolean(), level: LogLevel })
  .meta({ id: 'SystemConfigLoggingDto' })
const MachineLearningAvailabilityChecksDto = z
  .object({ enabled: z.boolean(), interval: z.number().int(), timeout: z.number().int() })
  .meta({ id: 'MachineLearningAvailabilityChecksDto' })
const CLIPConfig = z
  .object({ enabled: z.boolean(), modelName: z.string() })
  .meta({ id: 'CLIPConfig' })
const DuplicateDetectionConfig = z
  .object({ enabled: z.boolean(), maxDistance: z.number().min(0.001).max(0.1) })
  .meta({ id: 'DuplicateDetectionConfig' })
const FacialRecognitionConfig = z
  .object({
    enabled: z.boolean(),
    maxDistance: z.number().min(0.1).max(2),
    minFaces: z.number().int().min(1),
    minScore: z.number().min(0.1).max(1),
    modelName: z.string(),
  })
  .meta({ id: 'FacialRecognitionConfig' })
const OcrConfig = z
  .object({
    enabled: z.boolean(),
    maxResolution: z.number().int().min(1),
    minDetectionScore: z.number().min(0.1).max(1),
    minRecognitionScore: z.number().min(0.1).max(1),
    modelName: z.string(),
  })
  .meta({ id: 'OcrConfig' })
const SystemConfigMachineLearningDto = z
  .object({
    availabilityChecks: MachineLearningAvailabilityChecksDto,
    clip: CLIPConfig,
    duplicateDetection: DuplicateDetectionConfig,
    enabled: z.boolean(),
    facialRecognition: FacialRecognitionConfig,
    ocr: OcrConfig,
    urls: z.array(z.string()),
    /** Ours: models whose size and licence an administrator agreed to. */ acceptedModels: z
      .array(z.string())
      .optional(),
  })
  .meta({ id: 'SystemConfigMachineLearningDto' })
const SystemConfigMapDto = z
  .object({ darkStyle: z.string(), enabled: z.boolean(), lightStyle: z.string() })
  .meta({ id: 'SystemConfigMapDto' })
const SystemConfigFacesDto = z.object({ import: z.boolean() }).meta({ id: 'SystemConfigFacesDto' })
const SystemConfigMetadataDto = z
  .object({ faces: SystemConfigFacesDto })
  .meta({ id: 'SystemConfigMetadataDto' })
const ReleaseChannel = z.enum(['stable', 'releaseCandidate']).meta({ id: 'ReleaseChannel' })
const SystemConfigNewVersionCheckDto = z
  .object({ channel: ReleaseChannel, enabled: z.boolean() })
  .meta({ id: 'SystemConfigNewVersionCheckDto' })
const SystemConfigNightlyTasksDto = z
  .object({
    clusterNewFaces: z.boolean(),
    databaseCleanup: z.boolean(),
    generateMemories: z.boolean(),
    missingThumbnails: z.boolean(),
    startTime: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/),
    syncQuotaUsage: z.boolean(),
  })
  .meta({ id: 'SystemConfigNightlyTasksDto' })
const SystemConfigSmtpTransportDto = z
  .object({
    host: z.string(),
    ignoreCert: z.boolean(),
    password: z.string(),
    port: z.number().int().min(0).max(65535),
    secure: z.boolean(),
    username: z.string(),
  })
  .meta({ id: 'SystemConfigSmtpTransportDto' })
const SystemConfigSmtpDto = z
  .object({
    enabled: z.boolean(),
    from: z.string(),
    replyTo: z.string(),
    transport: SystemConfigSmtpTransportDto,
  })
  .meta({ id: 'SystemConfigSmtpDto' })
const SystemConfigNotificationsDto = z
  .object({ smtp: SystemConfigSmtpDto })
  .meta({ id: 'SystemConfigNotificationsDto' })
const OAuthTokenEndpointAuthMethod = z
  .enum(['client_secret_post', 'client_secret_basic'])
  .meta({ id: 'OAuthTokenEndpointAuthMethod' })
const SystemConfigOAuthDto = z
  .object({
    allowInsecureRequests: z.boolean(),
    autoLaunch: z.boolean(),
    autoRegister: z.boolean(),
    buttonText: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
    defaultStorageQuota: z.number().int().min(0).nullable(),
    enabled: z.boolean(),
    endSessionEndpoint: z.string(),
    issuerUrl: z.string(),
    mobileOverrideEnabled: z.boolean(),
    mobileRedirectUri: z.string(),
    profileSigningAlgorithm: z.string(),
    prompt: z.string(),
    roleClaim: z.string(),
    scope: z.string(),
    signingAlgorithm: z.string(),
    storageLabelClaim: z.string(),
    storageQuotaClaim: z.string(),
    timeout: z.number().int().min(1),
    tokenEndpointAuthMethod: OAuthTokenEndpointAuthMethod,
  })
  .meta({ id: 'SystemConfigOAuthDto' })
const SystemConfigPasswordLoginDto = z
  .object({ enabled: z.boolean() })
  .meta({ id: 'SystemConfigPasswordLoginDto' })
const SystemConfigReverseGeocodingDto = z
  .object({ enabled: z.boolean() })
  .meta({ id: 'SystemConfigReverseGeocodingDto' })
const SystemConfigServerDto = z
  .object({ externalDomain: z.string(), loginPageMessage: z.string(), publicUsers: z.boolean() })
  .meta({ id: 'SystemConfigServerDto' })
const SystemConfigStorageTemplateDto = z
  .object({ enabled: z.boolean(), hashVerificationEnabled: z.boolean(), template: z.string() })
  .meta({ id: 'SystemConfigStorageTemplateDto' })
const SystemConfigTemplateEmailsDto = z
  .object({
    albumInviteTemplate: z.string(),
    albumUpdateTemplate: z.string(),
    welcomeTemplate: z.string(),
  })
  .meta({ id: 'SystemConfigTemplateEmailsDto' })
const SystemConfigTemplatesDto = z
  .object({ email: SystemConfigTemplateEmailsDto })
  .meta({ id: 'SystemConfigTemplatesDto' })
const SystemConfigThemeDto = z
  .object({ customCss: z.string() })
  .meta({ id: 'SystemConfigThemeDto' })
const SystemConfigTrashDto = z
  .object({ days: z.number().int().min(0), enabled: z.boolean() })
  .meta({ id: 'SystemConfigTrashDto' })
const SystemConfigUserDto = z
  .object({ deleteDelay: z.number().int().min(1) })
  .meta({ id: 'SystemConfigUserDto' })
export const SystemConfigDto = z
  .object({
    backup: SystemConfigBackupsDto,
    ffmpeg: SystemConfigFFmpegDto,
    image: SystemConfigImageDto,
    integrityChecks: SystemConfigIntegrityChecks,
    job: SystemConfigJobDto,
    library: SystemConfigLibraryDto,
    logging: SystemConfigLoggingDto,
    machineLearning: SystemConfigMachineLearningDto,
    map: SystemConfigMapDto,
    metadata: SystemConfigMetadataDto,
    newVersionCheck: SystemConfigNewVersionCheckDto,
    nightlyTasks: SystemConfigNightlyTasksDto,
    notifications: SystemConfigNotificationsDto,
    oauth: SystemConfigOAuthDto,
    passwordLogin: SystemConfigPasswordLoginDto,
    reverseGeocoding: SystemConfigReverseGeocodingDto,
    server: SystemConfigServerDto,
    storageTemplate: SystemConfigStorageTemplateDto,
    templates: SystemConfigTemplatesDto,
    theme: SystemConfigThemeDto,
    trash: SystemConfigTrashDto,
    user: SystemConfigUserDto,
  })
  .meta({ id: 'SystemConfigDto' })
export type SystemConfigDto = z.infer<typeof SystemConfigDto>
