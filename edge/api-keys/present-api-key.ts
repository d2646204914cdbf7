import type { ApiKeyResponseDto } from '#contracts/api/api-keys.ts'
import type { Permission } from '#contracts/permissions.ts'
import type { ApiKey } from '#db/queries/api-keys.ts'

export function presentApiKey(apiKey: ApiKey): ApiKeyResponseDto {
  return {
    id: apiKey.id,
    name: apiKey.name,
    permissions: apiKey.permissions as Permission[], // checked against the list before it was stored
    createdAt: apiKey.createdAt.toISOString(),
    updatedAt: apiKey.updatedAt.toISOString(),
  }
}
