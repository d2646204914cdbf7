import { resolve } from 'node:path'

/** The clone itself: every relative path of the stack starts here. */
export const repositoryFolder = resolve(import.meta.dirname, '..')

/** What is fetched or compiled once and serves every data folder. */
export const cacheFolder = resolve(repositoryFolder, '.tintype')
export const cachedBinaries = resolve(cacheFolder, 'bin')
