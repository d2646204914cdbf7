// The first thing that runs, on whatever Node >= 20 the machine has: installs the npm packages, among them the
// pinned Node, and hands over to it. Plain JavaScript with nothing but Node's own modules.
import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const modules = join(root, 'node_modules')
const pinnedNode = join(modules, 'node', 'bin', 'node')

const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages

/** Compares what npm says it installed with the lockfile; optional packages may be for other platforms. */
function isInstalled() {
  try {
    accessSync(pinnedNode, constants.X_OK)
    const installed = packagesOf(join(modules, '.package-lock.json'))
    const wanted = Object.entries(packagesOf(join(root, 'package-lock.json')))
    return wanted.every(([path, { version, optional, devOptional }]) => {
      if (path === '') return true
      return installed[path] ? installed[path].version === version : optional || devOptional
    })
  } catch {
    return false
  }
}

function npmCi() {
  // The npm that runs this script, if one does; else the one on PATH.
  const npm = process.env.npm_execpath
  const [file, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const startedAt = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`
  const output = []
  console.log('  … npm packages and Node 24 (npm ci)')
  const ticker = setInterval(() => console.log(`  … npm ci, ${seconds()}`), 15_000)
  const child = spawn(file, [...before, 'ci', '--include=dev', '--no-progress'], {
    cwd: root,
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
  return new Promise((done) => {
    const fail = (reason) => {
      const lines = Buffer.concat(output).toString().split('\n')
      const telling = lines.filter((line) => !line.includes('EBADENGINE'))
      console.error(`npm ci failed: ${reason}\n${telling.slice(0, 60).join('\n')}`)
      process.exit(1)
    }
    child.once('error', (error) => fail(error.message))
    child.once('close', (code) => {
      clearInterval(ticker)
      if (code !== 0) fail(`it ended with ${code}`)
      if (!isInstalled()) fail('the pinned Node is not there (were install scripts refused?)')
      console.log(`  ✓ npm packages and Node 24 (${seconds()})`)
      done()
    })
  })
}

function handOver() {
  const quiet = '--disable-warning=ExperimentalWarning'
  const args = [quiet, join(root, 'stack', 'main.ts'), ...process.argv.slice(2)]
  const env = { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH ?? ''}` }
  // Becoming the next program, instead of waiting for it, saves a whole Node; only newer ones can.
  if (process.execve) process.execve(pinnedNode, [pinnedNode, ...args], env)
  const child = spawn(pinnedNode, args, { env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm runs scripts in a shell, and a signal for npm ends that shell without reaching what runs in it.
  const parent = process.ppid
  const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1000)
  child.once('exit', (code, signal) => {
    clearInterval(watch)
    process.exitCode = code ?? 1
    if (signal) console.error(`Tintype was ended by ${signal}`)
  })
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Tintype starts with Node 20 or newer; this is ${process.version}.`)
  process.exit(1)
}
if (!isInstalled()) await npmCi()
handOver()
