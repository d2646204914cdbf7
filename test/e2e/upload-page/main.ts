import { createBrowserUploadQueue } from '#client/browser/create-upload-queue.ts'
import { sourcesOfDrop, sourcesOfFiles } from '#client/browser/sources.ts'

/** What the gallery does with the upload client, and nothing else: the tests look at `window.queue`. */
const userId = new URLSearchParams(location.search).get('user') ?? 'nobody'
const queue = createBrowserUploadQueue({
  userId,
  retry: { firstDelayMs: 50, maxDelayMs: 500, attempts: 60 },
})

declare global {
  interface Window {
    queue: typeof queue
  }
}
window.queue = queue

addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', async (event) => {
  event.preventDefault()
  queue.add(await sourcesOfDrop(event.dataTransfer))
})
document.querySelector('input')?.addEventListener('change', (event) => {
  if (event.target instanceof HTMLInputElement) queue.add(sourcesOfFiles(event.target.files))
})
document.querySelector('button')?.addEventListener('click', () => void queue.grantAccess())
await queue.resumeUnfinished()
document.body.dataset.ready = 'yes'
