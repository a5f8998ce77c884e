import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';

const workspace = fileURLToPath(new URL('../../../', import.meta.url));
const nx = fileURLToPath(import.meta.resolve('nx/bin/nx.js'));

const packages = ['libs', 'services', 'infra'].flatMap((group) =>
  readdirSync(`${workspace}${group}`).filter((name) =>
    existsSync(`${workspace}${group}/${name}/tsconfig.json`),
  ),
);

/** What `nx run-many -t build` runs, which is `npm run build`. */
async function built(): Promise<readonly string[]> {
  const args = [nx, 'show', 'projects', '--with-target', 'build', '--json'];
  const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: workspace, env });
  return z.array(z.string()).parse(JSON.parse(stdout));
}

it('`npm run build` builds every package of the workspace', { timeout: 120_000 }, async () => {
  const names = packages.map((name) => `@heavylift/${name}`);
  expect([...(await built())].sort()).toEqual(names.sort());
});
