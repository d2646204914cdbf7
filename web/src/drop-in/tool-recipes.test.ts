import { expect, test } from 'vitest'
import { recipesFor } from './tool-recipes.ts'

const keys = {
  ...{ endpoint: 'https://photos.example:8443', region: 'us-east-1', bucket: 'tintype' },
  ...{ prefix: 'inbox/0190a1b2/', accessKeyId: 'KEY', secretAccessKey: 'a/b+c' },
  ...{ sessionToken: 'tok.en==', expiresAt: '2030-01-01T00:00:00.000Z' },
}

const codeOf = (key: string) =>
  recipesFor(keys)
    .find((recipe) => recipe.key === key)
    ?.steps.map(({ code }) => code)
    .join('\n')

test('rclone is told everything that it would ask for', () => {
  expect(codeOf('rclone')).toContain('session_token = tok.en==')
  expect(codeOf('rclone')).toContain(
    'rclone copy --progress ./Pictures tintype:tintype/inbox/0190a1b2/',
  )
})

test('what means something in an address is written so that it does not', () => {
  expect(codeOf('mc')).toContain("'https://KEY:a%2Fb%2Bc:tok.en%3D%3D@photos.example:8443'")
})
