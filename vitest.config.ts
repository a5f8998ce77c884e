import { existsSync, readdirSync } from 'node:fs';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const packages = ['libs', 'services', 'infra'].flatMap((dir) =>
  readdirSync(new URL(`./${dir}/`, import.meta.url))
    .filter((name) => existsSync(new URL(`./${dir}/${name}/package.json`, import.meta.url)))
    .map((name) => ({ name, root: `${dir}/${name}` })),
);

const conditions = defaultServerConditions.filter((condition) => condition !== 'module');

/**
 * Packages whose unit tests need their modules to themselves: they put others in their place, or measure memory. Those of the others get
 * them as the file before has left them, which takes half the time.
 */
const aloof = ['xmpp-pubsub'];

/**
 * Packages whose integration tests wait for what happens, and are in no hurry: two files at a time, each with servers of its own. The others
 * measure time-outs that a busy machine would stretch.
 */
const patient = [
  'cli',
  'demo',
  'docker',
  'ejabberd',
  'job-client',
  'prosody',
  'provision',
  'upgrade',
  'xmpp-pubsub',
];
const together = { maxWorkers: 2, sequence: { groupOrder: 1 } };
const oneByOne = { maxWorkers: 1, sequence: { groupOrder: 2 } };

export default defineConfig({
  // Sources, not dist: the same custom condition that tsconfig.base.json names. Else what Node itself would take: `module` is for
  // bundlers, and what stands there need not run in Node.
  ssr: { resolve: { conditions: ['@heavylift/source', ...conditions] } },
  test: {
    passWithNoTests: true,
    expect: { poll: { timeout: 30_000 } },
    projects: packages.flatMap(({ name, root }) => [
      {
        extends: true as const,
        root,
        test: {
          name: `@heavylift/${name}:unit`,
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**'],
          maxWorkers: 2,
          isolate: aloof.includes(name),
          // Some start processes, and the machine may be busy.
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true as const,
        root,
        test: {
          name: `@heavylift/${name}:integration`,
          include: ['test/integration/**/*.test.ts'],
          ...(patient.includes(name) ? together : oneByOne),
          // Only what hangs takes so long.
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
    ]),
  },
});
