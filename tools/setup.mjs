/**
 * Makes a checkout runnable: installs what the lock names, compiles what changed. Needs nothing but Node and npm.
 * Says nothing when there is nothing to do.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { binOf, npmScript, packageFolders, readJson, root, runNode, seconds } from './run.mjs';

requireNode();
if (!installed()) await install();
await compile();

function requireNode() {
  const wanted = /** @type {string} */ (readJson('package.json').engines.node).replace('>=', '');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(
    `Node ${wanted} or later is needed; this is ${process.versions.node} (${process.execPath}).`,
  );
}

/**
 * True if node_modules holds exactly what the lock names. npm writes down what it installed as its last act, and `npm ci`
 * begins by deleting that file: an interrupted install therefore counts as none.
 */
function installed() {
  const path = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, path))) return false;
  const wanted = readJson('package-lock.json').packages;
  /** @type {Record<string, any>} */
  let present;
  try {
    present = readJson(path).packages;
  } catch {
    return false;
  }
  delete wanted[''];
  const asWanted = Object.keys(wanted).every((name) =>
    present[name] === undefined ? !neededHere(wanted[name]) : same(wanted[name], present[name]),
  );
  return asWanted && Object.keys(present).every((name) => wanted[name] !== undefined);
}

/** @param {Record<string, any>} a @param {Record<string, any>} b */
function same(a, b) {
  return a['version'] === b['version'] && a['integrity'] === b['integrity'];
}

/**
 * Optional packages are binaries for one platform. Those that depend on the C library are not judged: which one this machine
 * has is npm's to find out.
 * @param {Record<string, any>} entry
 */
function neededHere({ optional, os, cpu, libc }) {
  if (!optional) return true;
  return libc === undefined && os?.includes(process.platform) && cpu?.includes(process.arch);
}

/**
 * `tsc --build` finds by itself what is stale, in a quarter of a second when nothing is. Asking Nx the same takes seconds.
 */
async function compile() {
  const folders = packageFolders();
  const configs = folders.map((folder) => `${folder}/tsconfig.build.json`);
  const began = performance.now();
  const before = lastCompiled(folders);
  await run([binOf('@typescript/native', 'tsc'), '--build', ...configs]);
  if (lastCompiled(folders) !== before) say(`setup: compiled (${seconds(began)})`);
}

/** @param {string[]} folders */
function lastCompiled(folders) {
  const times = folders.map((folder) => {
    const path = join(root, folder, 'dist/tsconfig.build.tsbuildinfo');
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return Math.max(...times);
}

async function install() {
  const began = performance.now();
  say('setup: installing dependencies, which takes a minute or so');
  await run([npm(), 'ci', '--no-audit', '--no-fund']);
  say(`setup: installed (${seconds(began)})`);
}

function npm() {
  try {
    return npmScript();
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string[]} args */
async function run(args) {
  const { code, output } = await runNode(args);
  if (code !== 0) fail(output, code);
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {string} message @returns {never} */
function fail(message, code = 1) {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(code);
}
