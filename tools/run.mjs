import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
 * Runs a Node script at the root and collects what it prints.
 * @param {readonly string[]} args script and arguments
 * @param {{ env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runNode(args, { env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
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
