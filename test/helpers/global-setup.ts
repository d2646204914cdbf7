import type { TestProject } from 'vitest/node'
import { openTestStores, type TestStores } from './stores.ts'
import { prepareTemplate, type Template } from './template-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stores: TestStores
    template: Template
  }
}

/** Once per run: the stores, and the database that test files copy. */
export default async function setup(project: TestProject) {
  const { stores, close } = await openTestStores(process.env)
  try {
    project.provide('stores', stores)
    project.provide('template', await prepareTemplate(stores.databaseUrl))
  } catch (error) {
    await close()
    throw error
  }
  return close
}
