// `npm run bench` runs what needs no stack of its own for minutes; `npm run bench NAME…` runs what it names.
type Bench = (args: string[]) => Promise<void>

/** Each prints what it measures against, and ratios of one run. */
const benches: Record<string, { load: () => Promise<Bench>; isUsual: boolean }> = {
  thumbnails: {
    load: async () => (await import('./thumbnails.ts')).benchThumbnails,
    isUsual: true,
  },
  embeddings: {
    load: async () => (await import('./embeddings.ts')).benchEmbeddings,
    isUsual: true,
  },
  presigned: {
    load: async () => (await import('./presigned-upload.ts')).benchPresignedUpload,
    isUsual: true,
  },
  form: { load: async () => (await import('./form-upload.ts')).benchFormUpload, isUsual: true },
  vectors: {
    load: async () => (await import('./vector-search.ts')).benchVectorSearch,
    isUsual: true,
  },
  idle: { load: async () => (await import('./idle.ts')).benchIdle, isUsual: false },
  outbox: { load: async () => (await import('./outbox.ts')).benchOutbox, isUsual: true },
  'drop-in': { load: async () => (await import('./drop-in.ts')).benchDropIn, isUsual: false },
  import: { load: async () => (await import('./import.ts')).benchImport, isUsual: false },
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => !benches[name])
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`,
  )
  process.exit(2)
}
for (const [name, { load, isUsual }] of Object.entries(benches)) {
  if (named.length > 0 ? !named.includes(name) : !isUsual) continue
  console.log(`\n${name}`)
  await (await load())([])
}
