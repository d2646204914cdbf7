import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, loadEnv } from 'vite'

/** In development the edge answers on another port; everything that is not the gallery goes there with its Host kept. */
export default defineConfig(({ mode }) => {
  const env = { ...loadEnv(mode, '..', ''), ...loadEnv(mode, '.', '') }
  const target = env.EDGE_URL ?? 'http://127.0.0.1:2283'
  const bucket = env.S3_BUCKET ?? 'tintype'
  const toEdge = { target, changeOrigin: false, ws: true }

  return {
    root: import.meta.dirname,
    plugins: [svelte()],
    build: {
      outDir: '../dist/web',
      emptyOutDir: true,
      target: 'es2023',
      // The content security policy knows no data: address for scripts, styles or fonts.
      assetsInlineLimit: 0,
      rolldownOptions: {
        output: {
          // The map's worker comes as .mjs, which not every server knows to be a script.
          assetFileNames: ({ names }) =>
            names.some((name) => name.endsWith('.mjs'))
              ? 'assets/[name]-[hash].js'
              : 'assets/[name]-[hash][extname]',
        },
      },
      modulePreload: { polyfill: false },
      reportCompressedSize: true,
    },
    worker: { format: 'es' as const },
    server: {
      host: '127.0.0.1',
      proxy: { '/api': toEdge, '/.well-known': toEdge, [`/${bucket}/`]: toEdge },
    },
  }
})
