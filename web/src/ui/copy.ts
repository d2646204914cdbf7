import { notices } from './notices.svelte.ts'

/** Into the clipboard, where the browser lets the page do that: plain http often does not. */
export async function copyText(text: string, what: string) {
  try {
    await navigator.clipboard.writeText(text)
    notices.show(`${what} copied`)
  } catch {
    notices.show('The browser does not allow copying here: select the text instead')
  }
}
