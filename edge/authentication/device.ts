export type Device = { deviceType: string; deviceOs: string; appVersion: string | null }

const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac OS'],
  [/\bCrOS\b/, 'Chrome OS'],
  [/\bLinux\b/, 'Linux'],
]

const firstMatch = (table: [RegExp, string][], text: string) =>
  table.find(([pattern]) => pattern.test(text))?.[1] ?? ''

const MAX_LENGTH = 200
const short = (text: string | null) => text?.slice(0, MAX_LENGTH) ?? ''

/** What the list of sessions shows. Immich's apps send device headers and `immich-android/<version>` as agent. */
export function deviceOf(headers: Headers): Device {
  const agent = short(headers.get('user-agent'))
  const app = agent.match(/^immich-(android|ios|unknown)\/([\w.+-]+)/i)
  return {
    deviceType: short(headers.get('devicemodel')) || firstMatch(BROWSERS, agent),
    deviceOs: short(headers.get('devicetype')) || firstMatch(SYSTEMS, agent),
    appVersion: app?.[2] ?? null,
  }
}
