export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'tintype.theme'

function storedTheme(): Theme {
  const stored = document.documentElement.dataset.theme
  return stored === 'light' || stored === 'dark' ? stored : 'auto'
}

class ThemeChoice {
  #chosen = $state<Theme>(storedTheme())

  get chosen() {
    return this.#chosen
  }

  choose(theme: Theme) {
    this.#chosen = theme
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
}

export const themeChoice = new ThemeChoice()
