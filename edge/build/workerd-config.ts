/** The part of wrangler's configuration that workerd is given. */
export type EdgeConfig = {
  compatibilityDate: string
  compatibilityFlags: string[]
  /** Variables and secrets, read from the environment when workerd starts. */
  variables: string[]
  assets: { binding: string; directory: string; notFoundHandling: string }
  /** Default addresses; `--external-addr name=host:port` replaces them. */
  externals: { gateway: string; dispatcher: string; gpu: string; hub: string; store: string }
}

/** Of the process that the Hub lives in. */
export type HubConfig = Pick<
  EdgeConfig,
  'compatibilityDate' | 'compatibilityFlags' | 'variables'
> & { className: string; externals: { gateway: string } }

const text = (value: string) => JSON.stringify(value)

const variable = (name: string) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`
const external = (name: string, url: string) =>
  `(name = ${text(name)}, external = (address = ${text(addressOf(url))}, http = ()))`
/** For a Neon elsewhere. No request can be made to reach a private network. */
const INTERNET =
  '(name = "internet", network = (allow = ["public"], tlsOptions = (trustBrowserCas = true)))'

const list = (lines: string[]) => lines.map((line) => `\n    ${line}`).join(',')

/** `127.0.0.1:2284` for `http://127.0.0.1:2284`. */
export function addressOf(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

/**
 * Configuration for `workerd serve --experimental`. Sockets: `http` alone, given on the command line (`-S http=FD` for
 * an inherited descriptor). The folder of static files is relative to the working directory.
 *
 * Internal services are bound, not reached by address: `internet` allows public addresses only, so no request can
 * be made to reach a private network. `store` talks http; `storeTls` is its twin for an https S3_ENDPOINT.
 */
export function workerdConfig(config: EdgeConfig): string {
  const { assets, externals, variables } = config
  const assetsConfig = JSON.stringify({ not_found_handling: assets.notFoundHandling })
  const bindings = [
    ...variables.map(variable),
    '(name = "GATEWAY", service = "gateway")',
    '(name = "DISPATCHER", service = "dispatcher")',
    '(name = "GPU", service = "gpu")',
    '(name = "HUB", service = "hub")',
    '(name = "STORE", service = "store")',
    '(name = "STORE_TLS", service = "storeTls")',
    `(name = ${text(assets.binding)}, service = (name = "site", entrypoint = "AssetWorker"))`,
  ]
  const services = [
    '(name = "edge", worker = .edge)',
    `(name = "site", assets = (path = ${text(assets.directory)}, userWorker = "edge", config = ${text(assetsConfig)}))`,
    external('gateway', externals.gateway),
    external('dispatcher', externals.dispatcher),
    external('gpu', externals.gpu),
    external('hub', externals.hub),
    external('store', externals.store),
    '(name = "storeTls", external = (address = "127.0.0.1:443", https = (tlsOptions = (trustBrowserCas = true))))',
    INTERNET,
  ]
  return `# Generated from wrangler.toml by edge/build.ts.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [${list(services)}
  ],
  sockets = [(name = "http", http = (), service = "edge")]
);

const edge :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = ${text(config.compatibilityDate)},
  compatibilityFlags = [${config.compatibilityFlags.map(text).join(', ')}],
  bindings = [${list(bindings)}
  ]
);
`
}

/**
 * Configuration for the process `hub`, the one that holds the Durable Object. Its socket `http` gets an internal address
 * on the command line (`-s http=127.0.0.1:PORT`). What the object stores is the time of its next ping: it stays in
 * memory, since no connection outlives the process either. There an alarm is lost when its object is put to sleep, so that
 * this one is kept awake.
 */
export function hubWorkerdConfig(config: HubConfig): string {
  const { className, externals, variables } = config
  const bindings = [
    ...variables.map(variable),
    '(name = "GATEWAY", service = "gateway")',
    `(name = "HUB", durableObjectNamespace = ${text(className)})`,
  ]
  const services = [
    '(name = "hub", worker = .hub)',
    external('gateway', externals.gateway),
    INTERNET,
  ]
  return `# Generated from edge/internal/wrangler.toml by edge/build.ts.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [${list(services)}
  ],
  sockets = [(name = "http", http = (), service = "hub")]
);

const hub :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = ${text(config.compatibilityDate)},
  compatibilityFlags = [${config.compatibilityFlags.map(text).join(', ')}],
  bindings = [${list(bindings)}
  ],
  durableObjectNamespaces = [(className = ${text(className)}, uniqueKey = "tintype-hub", enableSql = true, preventEviction = true)],
  durableObjectStorage = (inMemory = void)
);
`
}
