export type PartName =
  | 'postgres'
  | 'pgvector'
  | 'valkey'
  | 'minio'
  | 'ffmpeg'
  | 'vips'
  | 'jemalloc'
  | 'chromium'
  | 'nginx'

/** One thing that npm cannot install, with the three ways to it: one's own, a package, a command by hand. */
export type Part = {
  name: PartName
  title: string
  /** With this variable set, the part is elsewhere and nothing local is needed. */
  url?: string
  /** What to set for an existing one, as shown to a person. */
  pointer: string
  isPresent: () => boolean
  /** Debian and Ubuntu packages; empty where the part is built instead. */
  apt: string[]
  brew: string[]
  /** How a person gets it by hand, per system. */
  byHand: { linux: string; darwin: string }
  /** Only `npm test` needs it. */
  isForTests?: boolean
  /** Everything works without it, only less well. */
  isOptional?: boolean
}
