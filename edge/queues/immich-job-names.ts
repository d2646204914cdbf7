/** Immich's names of what our jobs do, for its job screens. Jobs that it does not have keep their own. */
const IMMICH_NAMES: Record<string, string> = {
  'extract-metadata': 'AssetExtractMetadata',
  'make-thumbnails': 'AssetGenerateThumbnails',
  'make-person-thumbnail': 'PersonGenerateThumbnail',
  'embed-image': 'SmartSearch',
  'detect-faces': 'AssetDetectFaces',
  'recognize-faces': 'FacialRecognition',
  'delete-asset': 'AssetDelete',
  'delete-objects': 'FileDelete',
  'delete-user': 'UserDelete',
  'empty-expired-trash': 'AssetDeleteCheck',
  'import-inbox-object': 'LibrarySyncFiles',
  'reconcile-inbox': 'LibrarySyncFilesQueueAll',
}

export const immichJobName = (name: string) => IMMICH_NAMES[name] ?? name
