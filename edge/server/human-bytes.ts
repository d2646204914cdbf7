const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** As Immich writes sizes: `1.5 GiB`. */
export function humanBytes(bytes: number): string {
  const exponent = bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10)
  const unit = Math.min(exponent, UNITS.length - 1)
  const amount = bytes / 1024 ** unit
  return `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit]}`
}
