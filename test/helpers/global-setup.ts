import type { TestProject } from 'vitest/node'
import { openTestStores, type TestStores } from './stores.ts'
import { prepareTemplate, type Template } from './template-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stores: TestStores
    template: Template
  }
}

type Shared = { stores: TestStores; template: Template; close: () => Promise<void>; users: number }

/** Every project of a run evaluates this file anew, in one process. */
const shelf = globalThis as { tintypeTestStores?: Promise<Shared> | undefined }

/** Once per run, whatever the number of projects: the stores, and the database that test files copy. */
export default async function setup(project: TestProject) {
  shelf.tintypeTestStores ??= openShared()
  const shared = await shelf.tintypeTestStores
  shared.users += 1
  project.provide('stores', shared.stores)
  project.provide('template', shared.template)
  return async () => {
    shared.users -= 1
    if (shared.users > 0) return
    shelf.tintypeTestStores = undefined
    await shared.close()
  }
}

async function openShared(): Promise<Shared> {
  const { stores, close } = await openTestStores(process.env)
  try {
    return { stores, template: await prepareTemplate(stores.databaseUrl), close, users: 0 }
  } catch (error) {
    await close()
    throw error
  }
}
