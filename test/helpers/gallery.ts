import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { build } from 'vite'

/** The gallery as it is served, built into a folder. */
export async function buildGallery(outputFolder: string): Promise<void> {
  await build({
    configFile: join(process.cwd(), 'web', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: outputFolder, emptyOutDir: true, reportCompressedSize: false },
  })
}

/** What a hand does that drags files from the desktop into the page. */
export async function dropFiles(page: Page, files: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { width, height } = page.viewportSize() ?? { width: 200, height: 200 }
  const at = { x: width / 2, y: height / 2 }
  const data = { items: [], files, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data })
  }
  await session.detach()
}
