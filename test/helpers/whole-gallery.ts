import type { Browser } from 'playwright-core'
import { createAccounts, createBackend } from './backend.ts'
import { copyBuilt } from './built.ts'
import { createFolder, launchChromium, logIn, openGallery } from './gallery.ts'
import { buildTestEdge, startEdge } from './workerd.ts'

export const DESKTOP = { viewport: { width: 1440, height: 900 } }
/** As for those who have not asked their system for less. */
export const MOVING = { reducedMotion: 'no-preference' } as const
export const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
}

/** The built gallery behind real edges, and a browser to look at it. */
export async function startGallery({ chromium = [] }: { chromium?: string[] } = {}) {
  const folder = await createFolder()
  const edgeFolder = await buildTestEdge()
  await copyBuilt('web', edgeFolder)
  const backend = await createBackend()
  const edge = await startEdge(edgeFolder, backend.edgeVariables, 2)
  const accounts = await createAccounts(edge.url)
  const browser: Browser = await launchChromium(...chromium)

  async function openAsNewUser(options: object = DESKTOP) {
    const user = await accounts.newUser()
    const gallery = await openGallery(browser, { url: edge.url, ...options })
    await logIn(gallery.page, user)
    return { ...gallery, user }
  }

  return { folder, edgeFolder, backend, edge, accounts, browser, openAsNewUser }
}

export type RunningGallery = Awaited<ReturnType<typeof startGallery>>
