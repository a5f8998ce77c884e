import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closureOf, copyService } from '../src/service-files.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'heavylift-files-')));
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (path: string, content = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const install = (path: string, manifest: object = {}): void =>
  put(`${path}/package.json`, JSON.stringify(manifest));
const link = (name: string, folder: string): void => {
  const path = join(root, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(path), join(root, folder)), path);
};
const needed = (name: string): string[] =>
  closureOf(name, root)
    .map(({ path }) => relative(root, path))
    .sort();

describe('the files of a service', () => {
  it('are of the packages that it needs, and that those need, each as Node would find it', () => {
    install('node_modules/a', { dependencies: { b: '1', c: '1' }, devDependencies: { d: '1' } });
    install('node_modules/b', { dependencies: { c: '2', a: '1' } });
    install('node_modules/b/node_modules/c');
    install('node_modules/c');
    install('node_modules/d');
    expect(needed('a')).toEqual([
      'node_modules/a',
      'node_modules/b',
      'node_modules/b/node_modules/c',
      'node_modules/c',
    ]);
  });

  it('are of optional packages and peers if they are installed', () => {
    install('node_modules/a', {
      optionalDependencies: { here: '1', elsewhere: '1' },
      peerDependencies: { peer: '1' },
    });
    install('node_modules/here');
    install('node_modules/peer');
    expect(needed('a')).toEqual(['node_modules/a', 'node_modules/here', 'node_modules/peer']);
  });

  it('cannot be told when something is not installed', () => {
    install('node_modules/a', { dependencies: { b: '1' } });
    expect(() => closureOf('a', root)).toThrow(/b, which .*a needs, is not installed: run npm ci/);
  });

  describe('copied', () => {
    beforeEach(() => {
      install('services/lifter', { dependencies: { '@heavylift/jobs': '0', zod: '1' } });
      for (const path of ['dist/main.js', 'dist/main.js.map', 'dist/main.d.ts', 'src/main.ts'])
        put(`services/lifter/${path}`);
      install('libs/jobs');
      put('libs/jobs/dist/index.js');
      install('libs/unrelated');
      install('node_modules/zod');
      for (const path of ['index.js', 'index.js.map', 'index.d.cts', 'README.md', 'src/index.ts'])
        put(`node_modules/zod/${path}`);
      link('@heavylift/lifter', 'services/lifter');
      link('@heavylift/jobs', 'libs/jobs');
    });
    const target = () => join(root, 'target');
    const copied = (path: string): boolean => existsSync(join(target(), path));

    it('lie where they lay, and `service` leads to the service', () => {
      copyService('lifter', root, target());
      expect(realpathSync(join(target(), 'service/dist/main.js'))).toBe(
        join(target(), 'services/lifter/dist/main.js'),
      );
      expect(realpathSync(join(target(), 'node_modules/@heavylift/jobs'))).toBe(
        join(target(), 'libs/jobs'),
      );
      expect(copied('node_modules/zod/index.js')).toBe(true);
    });

    it('are those that Node loads, with source maps of our own', () => {
      copyService('lifter', root, target());
      expect(copied('services/lifter/dist/main.js.map')).toBe(true);
      const useless = ['index.js.map', 'index.d.cts', 'README.md', 'src/index.ts'].map(
        (path) => `node_modules/zod/${path}`,
      );
      for (const path of [...useless, 'services/lifter/src', 'services/lifter/dist/main.d.ts'])
        expect(copied(path), path).toBe(false);
      expect(copied('libs/unrelated')).toBe(false);
    });

    it('are asked for when the service is not built', () => {
      rmSync(join(root, 'libs/jobs/dist'), { recursive: true });
      expect(() => copyService('lifter', root, target())).toThrow(/jobs is not built: run npm run/);
    });
  });
});
