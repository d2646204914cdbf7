/** What the browser answers, or `otherwise` when it has said nothing for so long. */
export function within<Answer>(
  limitMs: number,
  answer: Promise<Answer>,
  otherwise: () => Answer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise()), limitMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
