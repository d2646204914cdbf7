import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { bundleDrizzle } from './test/helpers/bundle-drizzle.ts'

/** Half of the time a test waits for something else than the processor: two side by side fill two cores. */
const maxWorkers = Math.max(2, Math.min(4, availableParallelism() - 1))
const resolve = { alias: await bundleDrizzle() }
const NOT_OURS = ['node_modules/**', 'dist/**', '.tintype*/**']

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          maxWorkers,
          name: 'node',
          pool: 'forks',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, '**/*.workerd.test.ts', 'test/e2e/**'],
          globalSetup: ['./test/helpers/global-setup.ts'],
          // Only ends what hangs: the slowest take seconds, and ten times as long on a machine that is busy.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: inject('edgeVariables') },
          })),
        ],
        test: {
          maxWorkers,
          name: 'workerd',
          include: ['**/*.workerd.test.ts'],
          exclude: NOT_OURS,
          globalSetup: ['./test/helpers/global-setup.ts', './test/helpers/workerd-setup.ts'],
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        test: {
          maxWorkers,
          name: 'e2e',
          pool: 'forks',
          include: ['test/e2e/**/*.test.ts'],
          exclude: NOT_OURS,
          globalSetup: ['./test/helpers/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        test: {
          maxWorkers,
          name: 'e2e-wrangler',
          pool: 'forks',
          include: ['asset-bytes', 'gallery', 'upload'].map((name) => `test/e2e/${name}.test.ts`),
          globalSetup: ['./test/helpers/global-setup.ts'],
          env: { EDGE_RUNTIME: 'wrangler' },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
