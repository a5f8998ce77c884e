import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const project = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')),
  'bin/tsc',
);

/** Threads and processes run what is in dist: brings it up to date with the sources. */
export async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, [compiler, '--build', project]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(`the sources can't be built:\n${stdout}`);
    },
  );
}

/** A module in dist, by its path there. */
export function built(path: string): URL {
  return new URL(`../../dist/${path}`, import.meta.url);
}
