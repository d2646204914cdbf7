import type { SystemConfig } from '#contracts/system-config.ts'
import type { PgDb } from '#db/node.ts'
import type { NodeStorage } from '#storage/node.ts'
import type { Engine } from './inference/engine.ts'
import type { OpenSpaces } from './open-spaces.ts'

export type GpuDeps = {
  db: PgDb
  storage: NodeStorage
  engine: Engine
  spaces: OpenSpaces
  /** As it was read last. */
  config: () => SystemConfig
  clock: () => Date
}
