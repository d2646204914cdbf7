import type { Background } from '#db/queries/vectors.ts'

/**
 * [Note: Relevance cut-off]
 * A model gives every picture some similarity to every text, and its scale is the model's own: an unrelated pair has
 * about 0.15 with OpenAI's CLIP and about 0 with SigLIP, a right one some hundredths more. So no fixed number divides them;
 * what does is how far a hit stands out of what the whole library gives for the same text. That background is measured in
 * the lower half of a sample, where no hits are, also when a third of a library shows what was asked for: its middle and
 * deviation follow from the twentieth and the quarter of a normal distribution. A hit is
 *  - `NOISE_DEVIATIONS` above the middle. Of unrelated pictures 1 in 100 is, so that a text which nothing fits finds few
 *    pictures or none; what fits lies 3 to 8 above;
 *  - and `SHARE_OF_BEST` of the way up to the best hit, which takes off the tail where something fits well.
 * Among fewer than `MIN_SAMPLE` pictures there is no distribution to speak of: there the nearer half of the way counts.
 * Filters narrow what is searched, not what it is compared with: all pictures of one beach may be right.
 */
const NOISE_DEVIATIONS = 2.3
const SHARE_OF_BEST = 0.4
const MIN_SAMPLE = 30
const SHARE_OF_BEST_OF_FEW = 0.5

/** Where a normal distribution has its quarter, and how far from its twentieth, in deviations. */
const QUARTER_BELOW_MIDDLE = 0.6745
const TWENTIETH_TO_QUARTER = 1.6449 - QUARTER_BELOW_MIDDLE

/** Halves of one rounding are no difference. */
const ROUNDING = 1e-6

/** Up to this cosine distance a hit matters. `best` is the distance of the nearest. */
export function relevantDistance(best: number, background: Background): number {
  const { size, lowest, low, quarter } = background
  const top = 1 - best
  if (size < MIN_SAMPLE) return 1 - (lowest + SHARE_OF_BEST_OF_FEW * (top - lowest)) + ROUNDING
  const deviation = (quarter - low) / TWENTIETH_TO_QUARTER
  const middle = quarter + QUARTER_BELOW_MIDDLE * deviation
  const least = Math.max(
    middle + NOISE_DEVIATIONS * deviation,
    middle + SHARE_OF_BEST * (top - middle),
  )
  return 1 - least + ROUNDING
}
