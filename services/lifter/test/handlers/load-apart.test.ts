import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadApart } from '../../src/handlers/load-apart.js';
import { attemptsOf } from '../support/attempts.js';
import { build, built } from '../support/build.js';

const greet = `
  name: 'greet', summary: 'greets', fields: { whom: { type: 'text', default: 'world' } },
  run: ({ whom }) => \`Hello, \${whom}!\`,`;

const modules = {
  'greet.mjs': `import { defineHandler } from '@heavylift/lifter';
    export default defineHandler({${greet} });`,
  'deep/er/greet.cjs': `const { defineHandler } = require('@heavylift/lifter');
    module.exports = defineHandler({${greet} });`,
  'some.mjs': `import { defineHandler } from '@heavylift/lifter';
    const good = {${greet} };
    export default [
      defineHandler({ ...good, name: 'jobs' }),
      defineHandler({ ...good, name: 'wrong-type', fields: { n: { type: 'int' } } }),
      defineHandler({ ...good, name: 'wrong-range', fields: { n: { type: 'integer', min: 9, max: 1 } } }),
      defineHandler({ ...good, name: 'dumb', summary: undefined }),
      defineHandler({ ...good, name: 'idle', run: undefined }),
      defineHandler(undefined),
      { name: 'home-made', run() {} },
      defineHandler(good),
    ];`,
  'throws.mjs': `throw new Error('not today');`,
  'rejects.mjs': `Promise.reject(new Error('not caught')); export default [];`,
  'exits.mjs': `process.exit(0);`,
  'leaks.mjs': `import { defineHandler } from '@heavylift/lifter';
    setInterval(() => undefined, 10);
    export default defineHandler({${greet} title: String(process.env.XMPP_PASSWORD) });`,
  'syntax.mjs': `export default {`,
  'empty.mjs': ``,
};

let directory: string;
const urlOf = (name: string) => pathToFileURL(join(directory, name)).href;
const load = (name: string) => loadApart(urlOf(name), {}, built('handlers/'));

beforeAll(() => {
  build();
  // Nothing is installed for it: as a folder that is mounted into an image.
  directory = mkdtempSync(join(tmpdir(), 'heavylift-mounted-'));
  mkdirSync(join(directory, 'deep/er'), { recursive: true });
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(directory, name), text);
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

describe("a module that lies anywhere imports the lifter's own package", () => {
  it.each(['greet.mjs', 'deep/er/greet.cjs'])('%s', async (name) => {
    const { handlers, problems } = await load(name);
    expect(problems).toEqual([]);
    expect(handlers).toMatchObject([{ name: 'greet', work: { moduleUrl: urlOf(name) } }]);
    const attempts = attemptsOf(urlOf(name));
    for (const isolation of ['thread', 'process'] as const) {
      const { outcome } = attempts.run('greet', { isolation });
      expect(await outcome).toEqual({ type: 'succeeded', value: 'Hello, world!' });
    }
    await attempts.runner.stop();
  });
});

describe('a handler that cannot be used is refused by name', () => {
  it('and the others of its module are not', async () => {
    const { handlers, problems } = await load('some.mjs');
    expect(handlers.map(({ name }) => name)).toEqual(['greet']);
    const expected = [
      "jobs: 'jobs' is a command of the bot's own",
      "wrong-type: field n has the type 'int'",
      'wrong-range: field n cannot be used: min is 9',
      'dumb: summary is missing',
      'idle: run is no function',
      'a handler cannot be called undefined',
      "'home-made': its default export is no handler",
    ];
    for (const [index, words] of expected.entries()) expect(problems[index]).toContain(words);
    expect(problems).toHaveLength(expected.length);
    const attempts = attemptsOf(urlOf('some.mjs'));
    expect(await attempts.run('greet').outcome).toMatchObject({ type: 'succeeded' });
    await attempts.runner.stop();
  });

  it.each([
    ['throws.mjs', 'not today'],
    ['rejects.mjs', 'not caught'],
    ['exits.mjs', 'it ended its process: exit code 0'],
    ['syntax.mjs', 'Unexpected end of input'],
    ['empty.mjs', 'its default export is no handler'],
    ['gone.mjs', 'Cannot find module'],
  ])('what %s does when it is imported stops nobody', async (name, problem) => {
    const { handlers, problems } = await load(name);
    expect(handlers).toEqual([]);
    expect(problems[0]).toMatch(`cannot load handlers of ${urlOf(name)}: `);
    expect(problems[0]).toContain(problem);
  });

  it('while it is imported it cannot read the password, nor does it keep anything going', async () => {
    process.env['XMPP_PASSWORD'] = 'secret';
    const { handlers } = await load('leaks.mjs');
    delete process.env['XMPP_PASSWORD'];
    expect(handlers).toMatchObject([{ title: 'undefined' }]);
  });
});
