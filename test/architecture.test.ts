import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/**
 * The rooms, and what each may import from. Deepest first: a file belongs to the first that its path begins with.
 * Tests, stand-ins, benchmarks and what brings processes up are outside the product and may look at all of it.
 */
const ROOMS: Record<string, string[]> = {
  'workers/runtime': ['contracts', 'db', 'storage'],
  'workers/tools': ['contracts'],
  'workers/dispatcher': ['contracts', 'db', 'storage', 'workers/runtime'],
  'workers/media': ['contracts', 'db', 'storage', 'workers/runtime', 'workers/tools'],
  'workers/gpu': ['contracts', 'db', 'storage', 'workers/runtime', 'workers/tools'],
  contracts: [],
  db: ['contracts', 'migrations'],
  migrations: [],
  storage: ['contracts'],
  edge: ['contracts', 'db', 'storage'],
  gateway: ['contracts', 'db'],
  client: ['contracts'],
  web: ['contracts', 'client'],
  stack: ['contracts', 'db', 'storage', 'client'],
}
const UNBOUND = ['test', 'bench', 'deploy']

/** What would break a runtime, or hide a socket where none may be. */
const FORBIDDEN_PACKAGES: Record<string, RegExp> = {
  contracts: /^node:/,
  edge: /^(?:pg|ioredis|bullmq|minio|sharp|pino|drizzle-orm\/node-postgres|node:(?:fs|net|child_process|worker_threads|http|https))(?:\/|$)/,
  web: /^(?:node:|drizzle-orm|pg$|hono)/,
  gateway: /^(?:ioredis|bullmq|sharp|minio)(?:\/|$)/,
  'workers/tools': /^(?:drizzle-orm|pg|bullmq|ioredis|minio)(?:\/|$)/,
}

/** Files of the edge's and the storage's rooms that run in Node: they build, or are the Node side. */
const RUNS_IN_NODE = /^(?:edge\/build(?:\.ts|\/)|storage\/node|client\/(?:node\/|cli\.ts|import))/

type Import = { file: string; line: number; specifier: string; target: string | undefined }

const sources = listSources()
const productFiles = sources.filter((file) => !isTest(file) && roomOf(file) !== undefined)
const productImports = productFiles.flatMap(importsOf)

describe('imports', () => {
  test('were found', () => {
    expect(productImports.length).toBeGreaterThan(100)
  })

  test('go the one way that STYLE §1 draws', () => {
    const against = productImports.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), target && roomOf(target)]
      return (
        target !== undefined &&
        from !== undefined &&
        from !== to &&
        !ROOMS[from]?.includes(to ?? target)
      )
    })

    expect(against.map(told)).toEqual([])
  })

  test('use the alias across rooms and a relative path inside one', () => {
    const odd = productImports.filter(({ file, specifier, target }) => {
      if (target === undefined || roomOf(target) === 'migrations') return false
      return specifier.startsWith('#') === (roomOf(file) === roomOf(target))
    })

    expect(odd.map(told)).toEqual([])
  })

  test('name files that exist', () => {
    const known = new Set(sources)
    const missing = productImports.filter(
      ({ target }) => target && /\.(?:ts|svelte)$/.test(target) && !known.has(target),
    )

    expect(missing.map(told)).toEqual([])
  })

  test.each(Object.entries(FORBIDDEN_PACKAGES))(
    'of %s take no package that it must do without',
    (room, forbidden) => {
      const taken = productImports.filter(
        ({ file, specifier, target }) =>
          !target && roomOf(file) === room && !RUNS_IN_NODE.test(file) && forbidden.test(specifier),
      )

      expect(taken.map(told)).toEqual([])
    },
  )

  test('bring in nothing for tests', () => {
    const testPackages = /^(?:vitest|playwright-core|@immich\/|@cloudflare\/vitest)/

    expect(
      productImports.filter(({ specifier }) => testPackages.test(specifier)).map(told),
    ).toEqual([])
  })
})

describe('folders and files', () => {
  test('no folder is a place for anything', () => {
    const vague = productFiles.filter((file) => /\/(?:utils|helpers|common|lib)\//.test(`/${file}`))

    expect(vague).toEqual([])
  })

  test('have names in kebab-case', () => {
    const names = productFiles.filter(
      (file) => file.endsWith('.ts') && !/^[a-z0-9.-]+$/.test(posix.basename(file)),
    )

    expect(names).toEqual([])
  })

  test('no file only hands on others, but the list of tables', () => {
    const barrels = productFiles.filter((file) => /^export \* from/m.test(read(file)))

    expect(barrels).toEqual(['db/schema/tables.ts'])
  })

  test('only entries read the environment', () => {
    const readers = productFiles.filter((file) =>
      /process\.env|import\.meta\.env|cloudflare:workers/.test(read(file)),
    )
    const entries =
      /^(?:edge(?:\/internal)?|gateway|workers\/\w+)\/index\.ts$|^db\/migrate\.ts$|^client\/cli\.ts$|^edge\/build\.ts$|^stack\//
    // A child process gets PATH and nothing secret: the file exists to cut the environment down.
    const narrowing = 'workers/tools/run-child.ts'

    expect(readers.filter((file) => !entries.test(file) && file !== narrowing)).toEqual([])
  })
})

describe('queries', () => {
  const queryFiles = productFiles.filter((file) => file.startsWith('db/queries/'))
  const queries = parametersOf(queryFiles)

  /** Queries of the edge that need no viewer. A new one belongs here only for one of these reasons. */
  const WITHOUT_VIEWER = new Set([
    // They find out who asks.
    ...['findApiKeyByHash', 'findSessionByToken', 'findUserByEmail', 'upgradePasswordHash'],
    ...['takeLoginAttempt', 'returnLoginAttempt', 'forgiveLoginAttempts', 'insertFirstAdmin'],
    // They concern the installation, which belongs to nobody.
    ...['hasAdmin', 'findSystemMetadata', 'readSystemConfig', 'listVersions', 'insertVersion'],
    ...['hasVectors', 'findVectorSearch', 'findActiveSpace'],
    // Administrators act on others; the routes ask for an admin permission.
    ...['findUser', 'findAnyUser', 'listUsers', 'insertUser', 'updateUser', 'removeUser'],
    ...['restoreUser', 'listUsageByUser', 'sumUsageBytes', 'writeSystemConfig'],
    // They go on with an upload that `findUpload` gave to its owner, or that this request made.
    ...['updateMultipartId', 'updateSidecarKey', 'insertAssetOfUpload', 'deleteUpload'],
    ...['markUploadAlive', 'markUploadVerifying', 'markUploadFailed', 'markUploadDuplicate'],
    // The store tells, of an inbox that names its owner.
    'noteInboxEvent',
  ])
  /** A new row says whose it is. */
  const knowsWho = (name: string, parameters: Set<string>) =>
    parameters.has('viewerId') ||
    (name.startsWith('insert') && (parameters.has('ownerId') || parameters.has('userId')))

  test('stand in db/queries only', () => {
    const elsewhere = productImports.filter(
      ({ file, specifier }) =>
        /^drizzle-orm/.test(specifier) &&
        !file.startsWith('db/') &&
        roomOf(file) !== 'workers/runtime',
    )

    expect(elsewhere.map(told)).toEqual([])
  })

  test('do not hide whether they throw behind the word "get"', () => {
    const names = [...queries.values()].flatMap((functions) => [...functions.keys()])

    expect(names.filter((name) => /^(?:get|fetch|load|save)[A-Z]/.test(name))).toEqual([])
  })

  test('of the edge know who asks', () => {
    const used = productImports
      .filter(({ file, target }) => roomOf(file) === 'edge' && target?.startsWith('db/queries/'))
      .flatMap(({ file, target }) => namesImported(file, target).map((name) => ({ name, target })))
    const blind = used.filter(({ name, target }) => {
      const parameters = queries.get(target ?? '')?.get(name)
      return parameters && !knowsWho(name, parameters) && !WITHOUT_VIEWER.has(name)
    })

    expect([...new Set(blind.map(({ name }) => name))].sort()).toEqual([])
    const unused = [...WITHOUT_VIEWER].filter((name) => used.every((one) => one.name !== name))
    expect(unused).toEqual([])
  })

  test('that are not scoped are for workers', () => {
    const misplaced = productImports
      .filter(({ file, target }) => roomOf(file) === 'edge' && target?.startsWith('db/queries/'))
      .flatMap(({ file, target }) => namesImported(file, target))
      .filter((name) => name.endsWith('ForWork'))

    expect(misplaced).toEqual([])
  })

  test('leave what must be atomic to atomically', () => {
    const transactions = productFiles.filter(
      (file) =>
        /\bfrom '(?:#db\/|drizzle-orm)/.test(read(file)) &&
        /\.(?:transaction|batch)\(/.test(read(file)) &&
        file !== 'db/atomically.ts',
    )

    expect(transactions).toEqual([])
  })
})

test('every job of the contracts is in the list of jobs', () => {
  const listed = read('contracts/jobs/all.ts')
  const jobs = productFiles
    .filter((file) => /^contracts\/jobs\/(?!all|define-job)/.test(file))
    .map((file) => posix.basename(file, '.ts'))

  expect(jobs.filter((name) => !listed.includes(`'${name}'`))).toEqual([])
})

function listSources(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|svelte)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(?:^|\/)(?:node_modules|dist|\.[^/]+)\//.test(file))
    .sort()
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function isTest(file: string): boolean {
  return /\.(?:test|suite)\.ts$/.test(file)
}

function roomOf(file: string): string | undefined {
  if (UNBOUND.some((room) => file.startsWith(`${room}/`))) return undefined
  return Object.keys(ROOMS).find((room) => file.startsWith(`${room}/`))
}

function scriptOf(file: string): string {
  if (!file.endsWith('.svelte')) return read(file)
  return [...read(file).matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)]
    .map(([, code]) => code)
    .join('\n')
}

function importsOf(file: string): Import[] {
  const text = scriptOf(file)
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    file,
    line: text.slice(0, pos).split('\n').length,
    specifier: fileName,
    target: targetOf(file, fileName.replace(/\?.*$/, '')),
  }))
}

/** The file of this repository that a specifier names; undefined for a package. */
function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  if (specifier.startsWith('.')) return posix.normalize(posix.join(dirname(file), specifier))
  return undefined
}

function told({ file, line, specifier }: Import): string {
  return `${file}:${line} imports ${specifier}`
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true)
}

/** Of each exported function, the names that its parameters, and their properties, have. */
function parametersOf(files: string[]): Map<string, Map<string, Set<string>>> {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const program = ts.createProgram(
    files.map((file) => join(root, file)),
    { ...options, types: ['node'], noLib: false },
  )
  const checker = program.getTypeChecker()
  const namesOf = (declaration: ts.FunctionDeclaration) =>
    new Set(
      declaration.parameters.flatMap((parameter) => {
        const type = checker.getTypeAtLocation(parameter)
        const parts = type.isUnion() ? type.types : [type]
        return [
          parameter.name.getText(),
          ...parts.flatMap((part) => part.getProperties().map(({ name }) => name)),
        ]
      }),
    )
  return new Map(
    files.map((file) => {
      const declarations = [...(program.getSourceFile(join(root, file))?.statements ?? [])]
        .filter((statement): statement is ts.FunctionDeclaration =>
          ts.isFunctionDeclaration(statement),
        )
        .filter(({ modifiers }) =>
          modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
        )
      return [file, new Map(declarations.map((one) => [one.name?.text ?? '', namesOf(one)]))]
    }),
  )
}

/** The values, not the types, that a file imports from another. */
function namesImported(file: string, target: string | undefined): string[] {
  return parse(file)
    .statements.filter((statement) => ts.isImportDeclaration(statement))
    .filter(
      ({ moduleSpecifier, importClause }) =>
        ts.isStringLiteral(moduleSpecifier) &&
        targetOf(file, moduleSpecifier.text) === target &&
        importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword,
    )
    .flatMap(({ importClause }) => {
      const bindings = importClause?.namedBindings
      return bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : []
    })
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name, propertyName }) => (propertyName ?? name).text)
}
