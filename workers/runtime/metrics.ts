type Labels = Record<string, string>
type Family = { type: 'counter' | 'gauge'; help: string; samples: Map<string, number> }

export type Metrics = ReturnType<typeof createMetrics>

/** Counters and gauges in Prometheus' text form, with the process' own figures. */
export function createMetrics() {
  const families = new Map<string, Family>()

  function sample(type: Family['type'], { name, help }: { name: string; help: string }) {
    const family: Family = families.get(name) ?? { type, help, samples: new Map() }
    families.set(name, family)
    return family.samples
  }

  return {
    counter(name: string, help: string) {
      const samples = sample('counter', { name, help })
      return (labels: Labels = {}, by = 1) => {
        const key = formatLabels(labels)
        samples.set(key, (samples.get(key) ?? 0) + by)
      }
    },
    gauge(name: string, help: string) {
      const samples = sample('gauge', { name, help })
      return (value: number, labels: Labels = {}) => {
        samples.set(formatLabels(labels), value)
      }
    },
    render(): string {
      const lines = [...families].flatMap(([name, { type, help, samples }]) => [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...[...samples].map(([labels, value]) => `${name}${labels} ${value}`),
      ])
      return `${[...lines, ...processLines()].join('\n')}\n`
    },
  }
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

function processLines(): string[] {
  const { user, system } = process.cpuUsage()
  return [
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    '# TYPE process_uptime_seconds gauge',
    `process_uptime_seconds ${Math.round(process.uptime())}`,
  ]
}
