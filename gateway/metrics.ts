const BUCKETS_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10]

type Gauge = { name: string; help: string; read: () => number; labels?: string }

/** What the gateway tells Prometheus. */
export function createMetrics(gauges: Gauge[]) {
  const requests = new Map<string, number>()
  const buckets = BUCKETS_SECONDS.map(() => 0)
  let count = 0
  let sumSeconds = 0

  return {
    observe({ route, status, seconds }: { route: string; status: number; seconds: number }) {
      const labels = `route="${route}",status="${status}"`
      requests.set(labels, (requests.get(labels) ?? 0) + 1)
      if (route !== '/sql') return
      count += 1
      sumSeconds += seconds
      for (const [index, limit] of BUCKETS_SECONDS.entries())
        if (seconds <= limit) buckets[index] = (buckets[index] ?? 0) + 1
    },
    text: () =>
      [
        '# HELP tintype_gateway_requests_total Requests answered. Status 499: the caller went away.',
        '# TYPE tintype_gateway_requests_total counter',
        ...[...requests].map(([labels, n]) => `tintype_gateway_requests_total{${labels}} ${n}`),
        '# HELP tintype_gateway_sql_seconds Time from a statement or batch to its answer.',
        '# TYPE tintype_gateway_sql_seconds histogram',
        ...BUCKETS_SECONDS.map(
          (limit, index) => `tintype_gateway_sql_seconds_bucket{le="${limit}"} ${buckets[index]}`,
        ),
        `tintype_gateway_sql_seconds_bucket{le="+Inf"} ${count}`,
        `tintype_gateway_sql_seconds_sum ${sumSeconds}`,
        `tintype_gateway_sql_seconds_count ${count}`,
        ...gauges.flatMap(({ name, help, read, labels }, index) => [
          ...(gauges[index - 1]?.name === name
            ? []
            : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`]),
          `${name}${labels ? `{${labels}}` : ''} ${read()}`,
        ]),
        '',
      ].join('\n'),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
