import { describe, expect, it } from 'vitest';
import { sameDependencies } from '../src/lock.js';

const lock = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages });
const zod = { version: '4.0.0', integrity: 'sha512-of-zod' };

describe('the dependencies of two releases', () => {
  it('are the same whatever packages of ours say of themselves', () => {
    const before = lock({
      'libs/jobs': { version: '0.0.0' },
      'node_modules/@heavylift/jobs': { resolved: 'libs/jobs', link: true },
      'node_modules/zod': zod,
    });
    const after = lock({
      'node_modules/zod': { ...zod, dev: true },
      'libs/jobs': { version: '0.1.0', dependencies: { zod: '4.0.0' } },
    });
    expect(sameDependencies(before, after)).toBe(true);
  });

  it('differ with a version, a place or a further package', () => {
    const before = lock({ 'node_modules/zod': zod });
    const others = [
      { 'node_modules/zod': { version: '4.0.1', integrity: 'sha512-of-another' } },
      { 'node_modules/a/node_modules/zod': zod },
      { 'node_modules/zod': zod, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-of-a' } },
      {},
    ];
    for (const packages of others) expect(sameDependencies(before, lock(packages))).toBe(false);
  });
});
