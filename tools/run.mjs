import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));

/** @param {string} path below the root */
export const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** The folders of all packages, `libs/jobs` and so on. */
export const packageFolders = () =>
  ['libs', 'services', 'infra'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json'))),
  );

/**
 * The script behind a command of an installed package. Started with Node itself it needs no shell, and works
 * where `node_modules/.bin` holds `.cmd` files.
 * @param {string} packageName
 * @param {string} command
 */
export function binOf(packageName, command) {
  const { bin } = readJson(`node_modules/${packageName}/package.json`);
  return join(root, 'node_modules', packageName, typeof bin === 'string' ? bin : bin[command]);
}

/**
 * npm tells its scripts where it is; by hand, it stands beside Node.
 * @returns {string} the path of npm's script
 * @throws if there is none
 */
export function npmScript() {
  const told = process.env['npm_execpath'];
  const beside = [
    join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
    join(process.execPath, '../node_modules/npm/bin/npm-cli.js'),
    '/usr/share/nodejs/npm/bin/npm-cli.js',
  ];
  const candidates =
    told !== undefined && basename(told) === 'npm-cli.js' ? [told, ...beside] : beside;
  const found = candidates.find(existsSync);
  if (found === undefined) throw new Error('npm was not found: run `npm ci` yourself, then this.');
  return found;
}

/**
 * Runs a Node script at the root and collects what it prints.
 * @param {readonly string[]} args script and arguments
 * @param {{ env?: Record<string, string>, node?: string }} [options] `node` is another Node than this one
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runNode(args, { env = {}, node = process.execPath } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));

    // What ends this process ends the child; from a terminal's Ctrl-C it has the signal already.
    const forward = () => child.kill('SIGTERM');
    process.once('SIGTERM', forward);
    process.once('SIGINT', forward);
    const settled = () => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', forward);
    };
    child.once('error', (error) => {
      settled();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settled();
      const ended = signal === null ? '' : `\nended by ${signal}\n`;
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') + ended });
    });
  });
}

/** @param {number} since of `performance.now()` */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
