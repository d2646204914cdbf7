import { encodeCursor } from '../../edge/search/cursor.ts'

/** What a request can name: something of somebody, or of nobody. */
export type Named = {
  asset: string
  face: string
  checksum: string
  originalKey: string
  derivativeKey: string
  word: string
  motion: string
  person: string
  otherPerson: string
  album: string
  albumName: string
  upload: string
  inboxKey: string
  apiKey: string
  session: string
  user: string
}

/** `id` stands in the path, `query` behind it; `form` are the fields beside a new file. */
export type Ask = {
  id?: string
  query?: Record<string, string | undefined>
  body?: unknown
  form?: Record<string, string>
}

/** What is asked by someone who has `own`, with ids of what is not theirs: all the ways in which a route takes them. */
type Case = (of: Named, own: Named) => Ask[]

const plain: Case = () => [{}]
const byId =
  (kind: keyof Named, body?: unknown): Case =>
  (of) => [{ id: of[kind], ...(body !== undefined && { body }) }]

/** Filters that the searches have in common. */
const searches = (of: Named) => [
  {},
  { albumIds: [of.album] },
  { personIds: [of.person] },
  { city: of.word },
  { make: of.word, visibility: 'archive' },
  { visibility: 'hidden' },
  { withDeleted: true, model: of.word },
  { isNotInAlbum: true, lensModel: of.word },
]
const filters = (of: Named): Ask[] => searches(of).map((body) => ({ body }))

const drawn = { x: 1, y: 1, width: 5, height: 5, imageWidth: 100, imageHeight: 100 }
const MONTH = { timeBucket: '2024-05-01' }

const timelines = (of: Named): Record<string, string>[] => [
  {},
  { albumId: of.album },
  { personId: of.person },
  { userId: of.user },
  { visibility: 'archive' },
  { visibility: 'hidden' },
  { visibility: 'locked' },
  { isTrashed: 'true' },
  { bbox: '-180,-90,180,90' },
]

const announced = (checksum: string, livePhotoVideoId?: string) => ({
  ...{ fileName: 'a.jpg', sizeBytes: 500, checksum },
  claims: {
    fileCreatedAt: '2024-05-17T12:00:00.000Z',
    fileModifiedAt: '2024-05-17T12:00:00.000Z',
    ...(livePhotoVideoId && { livePhotoVideoId }),
  },
})

/** By route. A route that is missing here, and open to every user, makes a test fail. */
export const CASES: Record<string, Case> = {
  'GET /api/albums': (of) => [
    {},
    { query: { id: of.album } },
    { query: { assetId: of.asset } },
    { query: { name: of.albumName } },
  ],
  'POST /api/albums': (of) => [
    { body: { albumName: 'Stolen', assetIds: [of.asset] } },
    { body: { albumName: 'Stolen', albumUsers: [{ userId: of.user, role: 'editor' }] } },
  ],
  'PUT /api/albums/assets': (of, own) => [
    { body: { albumIds: [of.album], assetIds: [own.asset] } },
    { body: { albumIds: [own.album], assetIds: [of.asset] } },
    { body: { albumIds: [of.album], assetIds: [of.asset] } },
  ],
  'GET /api/albums/statistics': plain,
  'GET /api/albums/:id': byId('album'),
  'PATCH /api/albums/:id': (of, own) => [
    { id: of.album, body: { albumName: 'Stolen', description: 'Stolen' } },
    { id: of.album, body: { albumThumbnailAssetId: own.asset } },
    { id: own.album, body: { albumThumbnailAssetId: of.asset } },
  ],
  'DELETE /api/albums/:id': byId('album'),
  'PUT /api/albums/:id/assets': (of, own) => [
    { id: of.album, body: { ids: [own.asset] } },
    { id: of.album, body: { ids: [of.asset] } },
    { id: own.album, body: { ids: [of.asset] } },
  ],
  'DELETE /api/albums/:id/assets': (of, own) => [
    { id: of.album, body: { ids: [of.asset] } },
    { id: own.album, body: { ids: [of.asset] } },
  ],
  'GET /api/albums/:id/map-markers': byId('album'),
  'POST /api/api-keys': () => [{ body: { permissions: ['asset.read'] } }],
  'GET /api/api-keys': plain,
  'GET /api/api-keys/me': plain,
  'GET /api/api-keys/:id': byId('apiKey'),
  'PUT /api/api-keys/:id': byId('apiKey', { name: 'Stolen', permissions: ['asset.read'] }),
  'DELETE /api/api-keys/:id': byId('apiKey'),
  'POST /api/assets': (of) => [
    { form: { livePhotoVideoId: of.motion } },
    { form: { livePhotoVideoId: of.asset } },
  ],
  'POST /api/assets/bulk-upload-check': (of) => [
    { body: { assets: [{ id: 'a file', checksum: of.checksum }] } },
  ],
  'POST /api/assets/urls': (of) => [
    { body: { ids: [of.asset], size: 'thumbnail' } },
    { body: { ids: [of.asset], size: 'preview' } },
  ],
  'POST /api/assets/states': (of) => [{ body: { ids: [of.asset] } }],
  'GET /api/assets/statistics': () => [
    {},
    { query: { visibility: 'hidden' } },
    { query: { isTrashed: 'true' } },
    { query: { visibility: 'locked' } },
  ],
  'PUT /api/assets': (of) => [
    { body: { ids: [of.asset], isFavorite: true, description: 'Stolen' } },
    { body: { ids: [of.asset], visibility: 'locked' } },
  ],
  'DELETE /api/assets': (of) => [
    { body: { ids: [of.asset] } },
    { body: { ids: [of.asset], force: true } },
  ],
  'GET /api/assets/:id': byId('asset'),
  'PUT /api/assets/:id': (of, own) => [
    { id: of.asset, body: { description: 'Stolen', visibility: 'timeline' } },
    { id: of.asset, body: { livePhotoVideoId: own.motion } },
    { id: own.asset, body: { livePhotoVideoId: of.motion } },
  ],
  'GET /api/assets/:id/thumbnail': (of) =>
    ['thumbnail', 'preview', 'fullsize', 'original'].map((size) => ({
      id: of.asset,
      query: { size },
    })),
  'GET /api/assets/:id/original': byId('asset'),
  'GET /api/assets/:id/video/playback': byId('asset'),
  'POST /api/auth/validateToken': plain,
  'GET /api/auth/status': plain,
  'GET /api/faces': (of) => [{ query: { id: of.asset } }],
  'POST /api/faces': (of, own) => [
    { body: { assetId: of.asset, personId: own.person, ...drawn } },
    { body: { assetId: own.asset, personId: of.person, ...drawn } },
    { body: { assetId: of.asset, personId: of.person, ...drawn } },
  ],
  'PUT /api/faces/:id': (of, own) => [
    { id: own.person, body: { id: of.face } },
    { id: of.person, body: { id: own.face } },
    { id: of.person, body: { id: of.face } },
  ],
  'DELETE /api/faces/:id': (of) => [
    { id: of.face, body: { force: false } },
    { id: of.face, body: { force: true } },
  ],
  'GET /api/inbox': (of) => [
    {},
    { query: { cursor: `o${of.inboxKey}` } },
    { query: { cursor: 'o' } },
  ],
  'POST /api/inbox/credentials': () => [{ body: {} }],
  'DELETE /api/inbox/objects': (of) => [{ body: { keys: [of.inboxKey] } }],
  'POST /api/inbox/retry': (of) => [{ body: { keys: [of.inboxKey] } }],
  'GET /api/map/markers': () => [{}, { query: { isArchived: 'true' } }],
  'GET /api/people': (of) => [
    { query: { withHidden: 'true' } },
    { query: { closestPersonId: of.person } },
    { query: { closestAssetId: of.asset } },
    { query: { closestAssetId: of.face } },
  ],
  'POST /api/people': () => [{ body: { name: 'Somebody' } }],
  'PUT /api/people': (of, own) => [
    { body: { people: [{ id: of.person, name: 'Stolen' }] } },
    { body: { people: [{ id: own.person, featureFaceAssetId: of.asset }] } },
  ],
  'DELETE /api/people': (of) => [{ body: { ids: [of.person] } }],
  'POST /api/people/merge': (of, own) => [
    { body: { ids: [own.person, of.person] } },
    { body: { ids: [of.person, own.person] } },
    { body: { ids: [of.person, of.otherPerson] } },
  ],
  'GET /api/people/:id': byId('person'),
  'PUT /api/people/:id': (of, own) => [
    { id: of.person, body: { name: 'Stolen', isHidden: true } },
    { id: of.person, body: { featureFaceAssetId: of.asset } },
    { id: own.person, body: { featureFaceAssetId: of.asset } },
  ],
  'DELETE /api/people/:id': byId('person'),
  'POST /api/people/:id/merge': (of, own) => [
    { id: own.person, body: { ids: [of.person] } },
    { id: of.person, body: { ids: [own.person] } },
    { id: of.person, body: { ids: [of.otherPerson] } },
  ],
  'PUT /api/people/:id/reassign': (of, own) => [
    { id: own.person, body: { data: [{ assetId: of.asset, personId: of.person }] } },
    { id: own.person, body: { data: [{ assetId: own.asset, personId: of.person }] } },
    { id: of.person, body: { data: [{ assetId: own.asset, personId: own.person }] } },
    { id: of.otherPerson, body: { data: [{ assetId: of.asset, personId: of.person }] } },
  ],
  'GET /api/people/:id/statistics': byId('person'),
  'GET /api/people/:id/thumbnail': byId('person'),
  'POST /api/search/metadata': (of) => [
    ...filters(of),
    ...[{ id: of.asset }, { checksum: of.checksum }, { originalFileName: of.word }].map((body) => ({
      body: { ...body, withDeleted: true, withExif: true, withPeople: true },
    })),
    { body: { originalPath: of.originalKey, previewPath: of.derivativeKey } },
    { body: { visibility: 'locked' } },
    { body: { cursor: encodeCursor(['2100-01-01T00:00:00.000000Z', of.asset as never]) } },
  ],
  'POST /api/search/smart': (of, own) => [
    { body: { queryAssetId: of.asset } },
    { body: { queryAssetId: own.asset, visibility: 'locked' } },
    { body: { queryAssetId: own.asset, cursor: encodeCursor([-1, of.asset as never, 0, 2, 1]) } },
    ...searches(of).map((filter) => ({ body: { queryAssetId: own.asset, ...filter } })),
  ],
  'POST /api/search/random': filters,
  'POST /api/search/large-assets': (of) => [
    {},
    { query: { albumIds: of.album } },
    { query: { personIds: of.person } },
    { query: { city: of.word, withDeleted: 'true' } },
  ],
  'POST /api/search/statistics': filters,
  'GET /api/search/person': (of) => [{ query: { name: of.word, withHidden: 'true' } }],
  'GET /api/search/suggestions': (of) =>
    ['country', 'state', 'city', 'camera-make', 'camera-model', 'camera-lens-model'].flatMap(
      (type) => [{ query: { type } }, { query: { type, country: of.word, make: of.word } }],
    ),
  'GET /api/search/explore': plain,
  'GET /api/search/cities': plain,
  'GET /api/search/places': (of) => [{ query: { name: of.word } }],
  'GET /api/server/version-check': plain,
  'GET /api/server/about': plain,
  'GET /api/server/storage': plain,
  'GET /api/sessions': plain,
  'POST /api/sessions': () => [{ body: {} }],
  'DELETE /api/sessions': plain,
  'PUT /api/sessions/:id': byId('session', { isPendingSyncReset: true }),
  'DELETE /api/sessions/:id': byId('session'),
  'POST /api/sessions/:id/lock': byId('session'),
  'GET /api/timeline/buckets': (of) => timelines(of).map((query) => ({ query })),
  'GET /api/timeline/bucket': (of) =>
    timelines(of).map((query) => ({ query: { ...query, ...MONTH, withCoordinates: 'true' } })),
  'POST /api/trash/empty': plain,
  'POST /api/trash/restore': plain,
  'POST /api/trash/restore/assets': (of) => [{ body: { ids: [of.asset] } }],
  'POST /api/uploads': (of) => [
    { body: announced(of.checksum) },
    { body: announced('aaaaaaaaaaaaaaaaaaaaaaaaaaA=', of.motion) },
  ],
  'GET /api/uploads': plain,
  'GET /api/uploads/:id': byId('upload'),
  'PUT /api/uploads/:id/sidecar': byId('upload', 'no sidecar'),
  'POST /api/uploads/:id/complete': byId('upload'),
  'DELETE /api/uploads/:id': byId('upload'),
  'GET /api/users/me': plain,
  'PUT /api/users/me': () => [{ body: { name: 'Bob' } }],
  'GET /api/users/me/preferences': plain,
  'PUT /api/users/me/preferences': () => [{ body: { people: { enabled: true } } }],
  'GET /api/users/me/onboarding': plain,
  'PUT /api/users/me/onboarding': () => [{ body: { isOnboarded: true } }],
  'DELETE /api/users/me/onboarding': plain,
  'GET /api/users/me/license': plain,
  'PUT /api/users/me/license': () => [{ body: { licenseKey: 'a', activationKey: 'b' } }],
  'DELETE /api/users/me/license': plain,
  'GET /api/users': plain,
}

/** What users know of each other is their name, and what each of these does is tested where it is made. */
export const ELSEWHERE = {
  'GET /api/users/:id': 'users see the name and the address of others, as in the list of users',
  'POST /api/auth/logout': 'takes nothing and ends the session that asks: login.test.ts',
  'POST /api/auth/change-password': 'takes the own password: users.test.ts',
  'GET /api/socket.io': 'hub.workerd.test.ts',
  'GET /api/socket.io/': 'hub.workerd.test.ts',
}
