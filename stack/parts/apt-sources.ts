/** One line of `apt-get indextargets` in the format below: an archive that this system already uses. */
export type Archive = {
  uri: string
  codename: string
  release: string
  origin: string
  component: string
}

export const INDEX_FORMAT =
  '$(REPO_URI)|$(CODENAME)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)|$(CREATED_BY)'

const DISTRIBUTIONS = ['Debian', 'Ubuntu', 'Raspbian']

export function readArchives(output: string): Archive[] {
  const archives = output
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter(([, , , origin = '', , kind]) => kind === 'Packages' && DISTRIBUTIONS.includes(origin))
    .map(([uri = '', codename = '', release = '', origin = '', component = '']) => ({
      uri,
      codename,
      release,
      origin,
      component,
    }))
  return archives.filter(
    (archive, index) =>
      index ===
      archives.findIndex(
        ({ uri, codename, component }) =>
          uri === archive.uri && codename === archive.codename && component === archive.component,
      ),
  )
}

/**
 * What the private list reads: the archives of the system itself and, on Debian 12, two more suites of the same
 * mirror: backports (Valkey, Go) and the source packages of its successor (pgvector).
 */
export function sourceList(archives: Archive[]) {
  const own = archives.map(({ uri, codename, component }) => `deb ${uri} ${codename} ${component}`)
  const main = archives.find(
    ({ codename, component }) => codename === 'bookworm' && component === 'main',
  )
  const more = main
    ? [`deb ${main.uri} bookworm-backports main`, `deb-src ${main.uri} trixie main`]
    : []
  return [...own, ...more.filter((line) => !own.includes(line)), ''].join('\n')
}
