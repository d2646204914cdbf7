/** How to run one store. The supervisor and the tests both start from this. */
export type StorePlan = {
  name: 'postgres' | 'valkey' | 'minio'
  file: string
  args: string[]
  env?: Record<string, string>
  cwd?: string
  account?: Account
  /** The signal for an orderly end: Postgres calls SIGTERM "wait for every client", SIGINT "now, but safely". */
  stopSignal: 'SIGINT' | 'SIGTERM'
  waitsForClientsAt?: RegExp
  isReady: () => Promise<boolean>
}

export type Account = { uid: number; gid: number }
