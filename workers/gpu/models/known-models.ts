import type { ModelKind } from '../inference/engine.ts'

/** What is said about a model before it is fetched. */
export type KnownModel = {
  kind: ModelKind
  licence: string
  /** Of the files that are fetched, about: the hub says it exactly. */
  sizeBytes?: number
}

export const UNKNOWN_LICENCE = 'unknown: see the page of the model'
const RESEARCH_ONLY = 'InsightFace: for non-commercial research only'
const MIT_OPENAI = 'MIT (OpenAI CLIP)'
const MIT_LAION = 'MIT (OpenCLIP, trained on LAION)'
const APACHE_GOOGLE = 'Apache-2.0 (Google SigLIP)'
const MIT_MCLIP = 'MIT (Multilingual-CLIP)'
const CC_BY_NC = 'CC BY-NC 4.0 (NLLB-CLIP): non-commercial only'
const APPLE = 'Apple: for research only (DFN)'

/** Licences of the weights by who trained them, which the second half of the name tells. */
const FAMILIES: [RegExp, ModelKind, string][] = [
  [/^(?:antelopev2|buffalo_[lms])$/, 'face', RESEARCH_ONLY],
  [/^nllb-clip-.+__(?:mrl|v1)$/, 'clip', CC_BY_NC],
  [/^ViT-.+-SigLIP2?(?:-.+)?__webli$/, 'clip', APACHE_GOOGLE],
  [/__openai$/, 'clip', MIT_OPENAI],
  [/__(?:laion|frozen_laion)/, 'clip', MIT_LAION],
  [/__dfn[25]b$/, 'clip', APPLE],
  [/^XLM-Roberta-Large-Vit-(?:B-16Plus|B-32|L-14)$/, 'clip', MIT_MCLIP],
]

const MB = 1e6
const SIZES: Record<string, number> = {
  'ViT-B-16__openai': 603 * MB,
  'ViT-B-32__openai': 609 * MB,
  'ViT-B-32__laion2b-s34b-b79k': 609 * MB,
  'ViT-B-32__laion2b_e16': 609 * MB,
  'ViT-B-32__laion400m_e31': 609 * MB,
  'ViT-B-32__laion400m_e32': 609 * MB,
  'ViT-L-14-336__openai': 1720 * MB,
  'ViT-L-14__openai': 1720 * MB,
  buffalo_l: 191 * MB,
  buffalo_m: 177 * MB,
  buffalo_s: 16 * MB,
}

/** By the name that it has at Immich's hub. */
export function findKnownModel(name: string): KnownModel | undefined {
  const family = FAMILIES.find(([pattern]) => pattern.test(name))
  if (!family) return undefined
  const [, kind, licence] = family
  const sizeBytes = SIZES[name]
  return { kind, licence, ...(sizeBytes !== undefined && { sizeBytes }) }
}
