import { join } from 'node:path'
import { build } from 'vite'

/** Bundles the page of the upload tests as the gallery is bundled: modules, a worker, no inline script. */
export async function buildUploadPage(outputFolder: string): Promise<void> {
  await build({
    configFile: false,
    root: join(process.cwd(), 'test', 'e2e', 'upload-page'),
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: outputFolder, emptyOutDir: true, target: 'es2024' },
  })
}
