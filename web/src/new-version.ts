import { notices } from './ui/notices.svelte.ts'

/**
 * The server may have got a newer gallery while this page was open; the parts that this one still has to fetch
 * are gone then. It starts anew at the same address. Where only the connection is gone, that is said.
 */
export function startAnewWhenOutdated() {
  addEventListener('vite:preloadError', () => void startAnewIfOutdated())
}

async function startAnewIfOutdated() {
  const current = document.querySelector<HTMLScriptElement>('script[type="module"][src]')
  const entry = current && new URL(current.src).pathname
  try {
    const response = await fetch('/', { cache: 'no-store' })
    if (response.ok && entry && !(await response.text()).includes(entry)) return location.reload()
  } catch {
    // Said below.
  }
  notices.show('A part of this page did not load. Check your connection, then try again.', {
    tone: 'bad',
    action: { label: 'Reload', run: () => location.reload() },
  })
}
