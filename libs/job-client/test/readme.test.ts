import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it('the README shows each example as it stands in its file, which the integration tests run', () => {
  const shown = new Map<string, string>();
  for (const [, file = '', code = ''] of read('README.md').matchAll(
    /<!-- (examples\/[\w-]+\.ts) -->\n```ts\n(.*?)```/gs,
  )) {
    shown.set(file, code);
  }
  const files = readdirSync(new URL('../examples/', import.meta.url));
  expect([...shown.keys()].sort()).toEqual(files.map((name) => `examples/${name}`).sort());
  for (const [file, code] of shown) expect(code).toBe(read(file));
});
