import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectPubSub } from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type System, startSystem } from './system.js';

const docs = (name: string) => fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));
const hasXmllint = spawnSync('xmllint', ['--version'], { stdio: 'ignore' }).status === 0;
const isRequired = process.env['CI'] !== undefined;

describe.skipIf(!isRequired && !hasXmllint)('docs/results.xsd (xmllint of libxml2-utils)', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heavylift-schema-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** What is wrong with documents; nothing if all are as the schema says. */
  async function problems(documents: readonly string[]): Promise<string> {
    const files = documents.map((_, index) => join(dir, `${index}.xml`));
    await Promise.all(files.map((file, index) => writeFile(file, documents[index] ?? '')));
    const args = ['--noout', '--nonet', '--schema', docs('results.xsd'), ...files];
    const { status, stderr } = spawnSync('xmllint', args, { encoding: 'utf8' });
    return status === 0 ? '' : stderr;
  }

  const examples = ['results.md', 'protocol.md'].flatMap((page) =>
    [...readFileSync(docs(page), 'utf8').matchAll(/```xml\n(<results .*?)```/gs)].map(
      ([, document = '']) => document,
    ),
  );
  const [example = ''] = examples;

  it('takes the examples of the pages', async () => {
    expect(examples.length).toBe(2);
    expect(await problems(examples)).toBe('');
  });

  it.each([
    ['a number that is none', "number='1041'", "number='0'"],
    ['another status', "status='succeeded'", "status='done'"],
    ['no time', "finished='2026-01-31T12:00:04.270Z'", ''],
    ['a time without milliseconds', '12:00:04.270Z', '12:00:04Z'],
    ['an attribute that is not in the contract', "attempt='2'", "attempt='2' secret='1'"],
    [
      'a value that is no JSON container',
      '<json xmlns=\'urn:xmpp:json:0\'>{ "lifted": 30 }</json>',
      '<b/>',
    ],
    ['a job twice', '019a0b6e-a001-7c44-b6d7-92f0c1e8a35b', '019a0b6e-8f00-7a31-9c5e-3d2f10a4b7c8'],
  ])('refuses %s', async (_, good, bad) => {
    expect(example).toContain(good);
    expect(await problems([example.replace(good, bad)])).toContain('validity error');
  });

  describe('with a system', () => {
    let system: System;
    beforeAll(async () => {
      system = await startSystem();
      await system.ready();
    });
    afterAll(() => system?.stop());

    it('describes all that is published: every status, retries, parts of jobs for all', async () => {
      const ann = await system.connect('ann');
      const running = ann.submit('wait', { ms: 60_000 });
      const waiting = ann.submit('add', { a: 1 }, { in: '1h' });
      const jobs = [
        ann.submit('add', { a: 1, label: '<&> \u0001 \ufffe 🏋️' }),
        ann.submit('add', { a: 1 }, { on: 'all' }),
        ann.submit('fail'),
        ann.submit('shaky'),
        running,
        waiting,
      ];
      await Promise.all([running.cancel(), waiting.cancel()]);
      await Promise.allSettled(jobs);
      const ray = connectPubSub(await system.login('ray'), { jid: system.server.pubsub });
      const items = await ray.node(system.provisioned.nodes.results).items();
      const published = items.map(({ value }) => value.toString());
      for (const status of ['succeeded', 'failed', 'cancelled'])
        expect(published.join()).toContain(`status="${status}"`);
      expect(published.join()).toContain('<failures');
      expect(await problems(published)).toBe('');
      await ann.close();
    });
  });
});
