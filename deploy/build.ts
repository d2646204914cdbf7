// Everything that the images need, in dist/.
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildChanged } from '#stack/build.ts'
import { repositoryFolder } from '#stack/paths.ts'
import { createSteps } from '#stack/steps.ts'

await buildChanged(createSteps())
await build({
  entryPoints: [join(repositoryFolder, 'deploy/run-edge.ts')],
  outfile: join(repositoryFolder, 'dist/run-edge.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'silent',
  // Bundled CommonJS asks for Node's own modules this way.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
  },
})
