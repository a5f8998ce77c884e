import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')),
  'bin/tsc',
);

/** Threads and processes run what is in dist: brings it up to date with the sources. */
export function build(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '--build', project], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the sources cannot be built:\n${stdout}${stderr}`);
}

/** A module in dist, by its path there. */
export function built(path: string): URL {
  return new URL(`../../dist/${path}`, import.meta.url);
}
