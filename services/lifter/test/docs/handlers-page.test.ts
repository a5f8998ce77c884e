import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { JsonObject } from '@heavylift/jobs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCommands } from '../../src/commands/load.js';
import { builtInModules, loadHandlers, registryOf } from '../../src/handlers/registry.js';
import { createRunner, type Outcome, type Runner } from '../../src/runner/runner.js';
import { build, built } from '../support/build.js';

const root = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/handlers.md', root), 'utf8');
const examples = new Map(
  [...page.matchAll(/<!-- ([\w.-]+) -->\n```\w+\n(.*?)```/gs)].map(([, name = '', code = '']) => [
    name,
    code,
  ]),
);

let directory: string;
let runner: Runner;

beforeAll(() => {
  build();
  directory = mkdtempSync(join(tmpdir(), 'heavylift-docs-'));
  for (const [name, code] of examples) writeFileSync(join(directory, name), code);
  mkdirSync(join(directory, 'node_modules/@heavylift'), { recursive: true });
  symlinkSync(
    fileURLToPath(new URL('services/lifter', root)),
    join(directory, 'node_modules/@heavylift/lifter'),
  );
  runner = createRunner({
    slots: 2,
    graceMs: 1_000,
    onOutput: () => undefined,
    onRestarted: () => undefined,
    programs: built('runner/'),
  });
}, 120_000);
afterAll(async () => {
  await runner.stop();
  rmSync(directory, { recursive: true });
});

/** Runs a handler of a file as a lifter does that was told to load it. */
async function run(file: string, name: string, args: JsonObject): Promise<Outcome> {
  const handlers = file.endsWith('.yaml')
    ? loadCommands(file, process.env)
    : (await loadHandlers([pathToFileURL(file).href])).handlers;
  const handler = registryOf(handlers).registry.get(name);
  if (handler === undefined) throw new Error(`${file} has no handler '${name}'`);
  const { isolation, work, timeout } = handler;
  const job = { id: '019a0b6e-8f00-7a31-9c5e-3d2f10a4b7c8', number: 1 };
  return runner.run(
    { job, attempt: 1, handler: name, isolation, work, args, timeoutMs: timeout },
    { signal: new AbortController().signal, onMessage: () => undefined },
  );
}

describe('the examples of docs/handlers.md', () => {
  const example = (name: string) => join(directory, name);

  it('greet.mjs', async () => {
    const succeeded = { type: 'succeeded', value: 'Hello, Ann!' };
    expect(await run(example('greet.mjs'), 'greet', { whom: 'Ann' })).toEqual(succeeded);
  });

  it('checksum.mjs', async () => {
    const file = example('greet.mjs');
    const size = Buffer.byteLength(examples.get('greet.mjs') ?? '');
    const outcome = await run(example('checksum.mjs'), 'checksum', { path: file });
    expect(outcome).toMatchObject({ type: 'succeeded', value: { path: file, size } });
    expect(await run(example('checksum.mjs'), 'checksum', { path: example('gone') })).toMatchObject(
      { type: 'failed', error: { final: true } },
    );
  });

  it('scan.mjs', async () => {
    const args = { device: example('gone') };
    expect(await run(example('scan.mjs'), 'scan', args)).toMatchObject({ type: 'released' });
  });

  it('sort.mjs', async () => {
    const outcome = await run(example('sort.mjs'), 'sort-numbers', { count: 100_001 });
    expect(outcome).toMatchObject({ type: 'succeeded', value: { median: expect.any(Number) } });
  });

  it('commands.yaml', async () => {
    mkdirSync(example('papers'));
    writeFileSync(example('papers/one'), '1');
    const outcome = await run(example('commands.yaml'), 'archive', {
      folder: 'papers',
      gzip: true,
    });
    const output = 'papers/\npapers/one';
    expect(outcome).toEqual({ type: 'succeeded', value: { exitCode: 0, output } });
    // A gzip file begins so.
    expect([...readFileSync(example('archive.tar')).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(await run(example('commands.yaml'), 'archive', { folder: 'gone' })).toMatchObject({
      type: 'failed',
      error: { class: 'FinalError' },
    });
  });

  it('checksum.test.mjs', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      // The reporter that is used by default differs between releases of Node.
      ['--test', '--test-reporter=tap', 'checksum.test.mjs'],
      { cwd: directory, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    expect(stdout).toContain('# pass 3');
    expect(status).toBe(0);
  });

  it('and there are no others', () => expect(examples.size).toBe(6));
});

describe('the examples of examples/handlers', () => {
  const example = (name: string) => fileURLToPath(new URL(`examples/handlers/${name}`, root));

  it('word-count.mjs', async () => {
    const path = join(directory, 'words');
    writeFileSync(path, 'one two\nthree\n');
    const outcome = await run(example('word-count.mjs'), 'word-count', { path });
    expect(outcome).toEqual({ type: 'succeeded', value: { lines: 2, words: 3 } });
  });

  it('fetch-page.mjs', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/' ? 200 : 404;
      response.end('<title>Here</title>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const fetchPage = (path: string) =>
      run(example('fetch-page.mjs'), 'fetch-page', { url: `http://127.0.0.1:${port}${path}` });
    expect(await fetchPage('/')).toMatchObject({ value: { status: 200, title: 'Here' } });
    expect(await fetchPage('/gone')).toMatchObject({ type: 'failed', error: { final: true } });
    server.closeAllConnections();
    server.close();
  });

  it('commands.yaml', async () => {
    const file = example('commands.yaml');
    const usage = await run(file, 'disk-usage', { folder: directory });
    expect(usage).toMatchObject({ type: 'succeeded', value: { exitCode: 0 } });
    expect(await run(file, 'disk-usage', { folder: '--files0-from=-' })).toMatchObject({
      type: 'failed',
      error: { class: 'FinalError' },
    });
    expect(await run(file, 'look-up', { host: '127.0.0.1' })).toMatchObject({ type: 'succeeded' });
  });

  it('all have names of their own', async () => {
    const modules = ['word-count.mjs', 'fetch-page.mjs'].map(
      (name) => pathToFileURL(example(name)).href,
    );
    const all = [
      ...(await loadHandlers([...builtInModules, ...modules])).handlers,
      ...loadCommands(example('commands.yaml'), process.env),
    ];
    expect(registryOf(all).registry.size).toBe(all.length);
  });
});
