import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateModule } from '../../src/handlers/locate.js';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'heavylift-handlers-'));
  const files = {
    'greet.mjs': '',
    'node_modules/by-main/package.json': '{ "main": "lib.js" }',
    'node_modules/by-main/lib.js': '',
    'node_modules/@us/import-only/package.json':
      '{ "type": "module", "exports": { ".": { "types": "./a.d.ts", "import": "./a.js" } } }',
    'node_modules/@us/import-only/a.js': '',
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('what LIFTER_HANDLERS names', () => {
  it.each([
    ['a file, from the working directory', './greet.mjs', 'greet.mjs'],
    ['a file without the dot', 'greet.mjs', 'greet.mjs'],
    ['a package', 'by-main', 'node_modules/by-main/lib.js'],
    ['a package for import alone', '@us/import-only', 'node_modules/@us/import-only/a.js'],
  ])('may be %s', (_what, name, path) => {
    expect(locateModule(name, directory)).toBe(pathToFileURL(join(directory, path)).href);
  });

  it.each([
    ['./gone.mjs', /names '\.\/gone\.mjs', but there is no file .*gone\.mjs$/],
    ['no-such-package', /neither a file .* nor a package 'no-such-package' installed for/],
  ])('is refused when it is not there: %s', (name, message) => {
    const locating = () => locateModule(name, directory);
    expect(locating).toThrow(expect.objectContaining({ code: 'handlers-not-found' }));
    expect(locating).toThrow(message);
  });
});
