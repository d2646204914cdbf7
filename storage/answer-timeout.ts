/**
 * Limits the wait for an answer's headers, not the time its body takes: a signal on the fetch itself would also cut
 * off a long download.
 */
export async function withAnswerTimeout<Answer>(
  timeoutMs: number,
  fetchWith: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const timeout = new AbortController()
  const timer = setTimeout(
    () => timeout.abort(new Error(`store: no answer within ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    return await fetchWith(timeout.signal)
  } finally {
    clearTimeout(timer)
  }
}
