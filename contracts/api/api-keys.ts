import { z } from 'zod'
import { ApiKeyId } from '../ids.ts'
import { Permission } from '../permissions.ts'

export const ApiKeyParams = z.object({ id: ApiKeyId })

const ApiKeyName = z.string().min(1).max(200)
const Permissions = z.array(Permission).min(1)

export const ApiKeyCreateDto = z
  .object({ name: ApiKeyName.optional(), permissions: Permissions })
  .meta({ id: 'ApiKeyCreateDto' })
export type ApiKeyCreateDto = z.infer<typeof ApiKeyCreateDto>

export const ApiKeyUpdateDto = z
  .object({ name: ApiKeyName.optional(), permissions: Permissions.optional() })
  .meta({ id: 'ApiKeyUpdateDto' })
export type ApiKeyUpdateDto = z.infer<typeof ApiKeyUpdateDto>

export const ApiKeyResponseDto = z
  .object({
    id: ApiKeyId,
    name: z.string(),
    permissions: z.array(Permission),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'ApiKeyResponseDto' })
export type ApiKeyResponseDto = z.infer<typeof ApiKeyResponseDto>

export const ApiKeyCreateResponseDto = z
  .object({ secret: z.string(), apiKey: ApiKeyResponseDto })
  .meta({ id: 'ApiKeyCreateResponseDto' })
export type ApiKeyCreateResponseDto = z.infer<typeof ApiKeyCreateResponseDto>
