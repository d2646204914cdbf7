import type { Db } from '#db/client.ts'
import type { NodeStorage } from '#storage/node.ts'
import type { Pusher } from '#workers/runtime/push.ts'
import type { Exiftool } from '#workers/tools/exiftool.ts'
import type { Originals } from './originals.ts'
import type { TempFolder } from './temp-folder.ts'

export type MediaDeps = {
  db: Db
  storage: NodeStorage
  exiftool: Exiftool
  originals: Originals
  temp: TempFolder
  pusher: Pusher
  clock: () => Date
}
