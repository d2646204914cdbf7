export type PermissionChoice = { key: string; label: string; note: string; permissions: string[] }

/** What people want keys for; the list of single permissions is behind "Choose one by one". */
export const PERMISSION_CHOICES: PermissionChoice[] = [
  {
    key: 'all',
    label: 'Everything',
    note: 'The key can do whatever you can',
    permissions: ['all'],
  },
  {
    key: 'upload',
    label: 'Upload',
    note: 'Adds photos and videos, as import tools do',
    permissions: [
      'asset.upload',
      'asset.read',
      'asset.statistics',
      'user.read',
      'server.about',
      'server.statistics',
    ],
  },
  {
    key: 'read',
    label: 'Look',
    note: 'Sees and downloads, changes nothing',
    permissions: [
      'asset.read',
      'asset.view',
      'asset.download',
      'asset.statistics',
      'timeline.read',
      'user.read',
      'server.about',
    ],
  },
]

export const SINGLE_PERMISSIONS: { group: string; permissions: string[] }[] = [
  {
    group: 'Assets',
    permissions: [
      'asset.read',
      'asset.view',
      'asset.download',
      'asset.upload',
      'asset.update',
      'asset.delete',
      'asset.statistics',
    ],
  },
  { group: 'Timeline', permissions: ['timeline.read', 'timeline.download', 'archive.read'] },
  { group: 'Account', permissions: ['user.read', 'user.update', 'auth.changePassword'] },
  { group: 'Sessions', permissions: ['session.read', 'session.update', 'session.delete'] },
  {
    group: 'API keys',
    permissions: ['apiKey.create', 'apiKey.read', 'apiKey.update', 'apiKey.delete'],
  },
  { group: 'Server', permissions: ['server.about', 'server.statistics', 'server.storage'] },
  {
    group: 'Administration',
    permissions: ['adminUser.create', 'adminUser.read', 'adminUser.update', 'adminUser.delete'],
  },
]

export function describePermissions(permissions: string[]): string {
  const sorted = [...permissions].sort().join()
  const known = PERMISSION_CHOICES.find(
    (choice) => [...choice.permissions].sort().join() === sorted,
  )
  if (known) return known.label
  return permissions.length === 1 ? (permissions[0] ?? '') : `${permissions.length} permissions`
}
