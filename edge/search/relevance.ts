import type { Background } from '#db/queries/vectors.ts'

/**
 * [Note: Relevance cut-off]
 * A model gives every picture some similarity to every text, and its scale is the model's own: an unrelated pair has
 * about 0.15 with OpenAI's CLIP and about 0 with SigLIP, a right one some hundredths more. So no fixed number divides them;
 * what does is how far a hit stands out of what the whole library gives for the same text. That background is measured at
 * the lower end of a sample, where no hits are, also when half of a library shows what was asked for: its middle and
 * deviation follow from two quantiles of a normal distribution. A hit is
 *  - `NOISE_DEVIATIONS` above the middle. Of unrelated pictures 1 in 100 is, so that a text which nothing fits finds few
 *    pictures; what fits lies 3 to 8 above. Where very much fits, the background is taken for wider than it is, so no more
 *    than `MOST_OF_BEST` of the way up to the best hit is asked;
 *  - and `LEAST_OF_BEST` of that way, which takes off the tail where something fits well.
 * Among fewer than `MIN_SAMPLE` pictures there is no distribution to speak of: there the nearer half of the way counts.
 * Filters narrow what is searched, not what it is compared with: all pictures of one beach may be right.
 */
const NOISE_DEVIATIONS = 2.3
const LEAST_OF_BEST = 0.4
const MOST_OF_BEST = 0.75
const MIN_SAMPLE = 30
const LEAST_OF_BEST_OF_FEW = 0.5

/** How many deviations below the middle a normal distribution has these shares of its values. */
const FIVE_PERCENT = 1.6449
const FIFTEEN_PERCENT = 1.0364

/** Halves of one rounding are no difference. */
const ROUNDING = 1e-6

/** Up to this cosine distance a hit matters. `best` is the distance of the nearest. */
export function relevantDistance(best: number, background: Background): number {
  const { size, lowest, fivePercent, fifteenPercent } = background
  const top = 1 - best
  const along = (from: number, share: number) => from + share * (top - from)
  if (size < MIN_SAMPLE) return 1 - along(lowest, LEAST_OF_BEST_OF_FEW) + ROUNDING
  const deviation = (fifteenPercent - fivePercent) / (FIVE_PERCENT - FIFTEEN_PERCENT)
  const middle = fifteenPercent + FIFTEEN_PERCENT * deviation
  const aboveNoise = Math.min(middle + NOISE_DEVIATIONS * deviation, along(middle, MOST_OF_BEST))
  return 1 - Math.max(aboveNoise, along(middle, LEAST_OF_BEST)) + ROUNDING
}
