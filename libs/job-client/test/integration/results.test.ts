import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provision } from '@heavylift/provision';
import { connectPubSub, hasCondition } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Jobs, PublishedResult } from '../../src/index.js';
import { example, type Program, runNode } from './programs.js';
import { patience, type System, startSystem } from './system.js';

let system: System;
let ann: Jobs;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heavylift-results-'));
  system = await startSystem();
  await system.ready();
  ann = await system.connect('ann');
});
afterAll(async () => {
  await system?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Runs so many jobs, and gives their numbers. */
async function runJobs(count: number): Promise<(number | undefined)[]> {
  const jobs = Array.from({ length: count }, (_, a) => ann.submit('add', { a }));
  await Promise.all(jobs);
  return jobs.map(({ number }) => number);
}

/** Collects results until the iteration ends. */
function collect(results: AsyncIterable<PublishedResult>) {
  const seen: PublishedResult[] = [];
  const done = (async () => {
    for await (const result of results) seen.push(result);
  })();
  done.catch(() => undefined);
  return { seen, done, numbers: () => seen.map(({ number }) => number) };
}

describe('the stream of results', () => {
  it('has what the node keeps, then what comes, each once, until it is told to end', async () => {
    const before = await runJobs(3);
    const ray = await system.connect('ray');
    const end = new AbortController();
    const all = collect(ray.results({ signal: end.signal }));
    await vi.waitFor(() => expect(all.numbers()).toEqual(expect.arrayContaining(before)), patience);
    const after = await runJobs(3);
    await vi.waitFor(() => expect(all.numbers()).toEqual(expect.arrayContaining(after)), patience);
    expect(new Set(all.numbers()).size).toBe(all.seen.length);
    expect(all.seen.at(-1)).toMatchObject({ kind: 'add', status: 'succeeded', failures: [] });
    end.abort();
    await all.done;
    await ray.close();
  });

  it('goes on where it was left', async () => {
    const ray = await system.connect('ray');
    await runJobs(2);
    const first = await ray.results().next();
    const since = first.value?.position;
    expect(since).toMatch(/^\d+$/);
    const rest = collect(ray.results(since === undefined ? {} : { since }));
    await vi.waitFor(() => expect(rest.seen.length).toBeGreaterThan(2), patience);
    expect(rest.numbers()).not.toContain(first.value?.number);
    const position = rest.seen.at(-1)?.position ?? '';
    const later = collect(ray.results({ since: position }));
    const more = await runJobs(2);
    await vi.waitFor(() => expect(later.numbers().sort()).toEqual(more.sort()), patience);
    await ray.close();
    await expect(later.done).rejects.toMatchObject({ code: 'closed' });
  });

  it('survives connections that break, and consumers that are slow', async () => {
    const line = await system.line();
    const ray = await system.connect('ray', { service: line.service });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { number } of ray.results({ maxBuffered: 5 })) {
        seen.push(number);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    reading.catch(() => undefined);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), patience);
    const first = await runJobs(50);
    line.cutInside();
    const second = await runJobs(50);
    line.blackHole();
    const third = await runJobs(50);
    line.heal();
    await vi.waitFor(
      () => expect(seen).toEqual(expect.arrayContaining([...first, ...second, ...third])),
      patience,
    );
    expect(new Set(seen).size).toBe(seen.length);
    await ray.close();
  });

  it('a position that is none is refused', async () => {
    const ray = await system.connect('ray');
    await expect(ray.results({ since: 'yesterday' }).next()).rejects.toMatchObject({
      code: 'invalid-option',
    });
    await ray.close();
  });

  it('a subscriber that is killed again and again under load misses nothing and has nothing twice', async () => {
    const file = join(dir, 'results.jsonl');
    const lines = () =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter(Boolean)
            .map((line): { number: number } => JSON.parse(line))
        : [];
    let program: Program | undefined;
    const numbers: (number | undefined)[] = [];
    let isOver = false;
    const load = (async () => {
      // Slow enough for the node to have all that comes while the subscriber starts: 500 items of each lifter.
      for (; !isOver; await sleep(200)) numbers.push(...(await runJobs(10)));
    })();
    for (let kill = 0; kill < 4; kill += 1) {
      const before = lines().length;
      program = runNode(example('subscriber/subscriber.mjs'), [file], system.account('ray'));
      const { output } = program;
      await vi.waitFor(() => {
        expect(lines().length, output.err).toBeGreaterThan(before + 5 * kill);
      }, patience);
      await program.kill();
    }
    isOver = true;
    await load;
    program = runNode(example('subscriber/subscriber.mjs'), [file], system.account('ray'));
    await vi.waitFor(() => {
      const seen = new Set(lines().map(({ number }) => number));
      expect(numbers.filter((number) => number === undefined || !seen.has(number))).toEqual([]);
    }, patience);
    await program.kill();
    const seen = lines().map(({ number }) => number);
    expect(new Set(seen).size).toBe(seen.length);
    expect(numbers.length).toBeGreaterThan(20);
  });
});

describe('an account off the whitelist gets nothing', () => {
  it('whatever it asks for (XEP-0060 sections 6.1.3, 6.5.9, 7.1.3, 8)', async () => {
    const mallory = await system.login('mallory');
    const heard: Element[] = [];
    mallory.on('stanza', (stanza) => stanza.is('message') && heard.push(stanza));
    await mallory.send(xml('presence'));
    const pubsub = connectPubSub(mallory, { jid: system.server.pubsub });
    const node = pubsub.node(system.provisioned.nodes.results);
    const ray = connectPubSub(await system.login('ray'), { jid: system.server.pubsub });
    const [item] = await ray.node(system.provisioned.nodes.results).items({ max: 1 });
    const forged = xml('results', 'urn:heavylift:result:1');
    const tries: Record<string, () => Promise<unknown>> = {
      subscribe: () => node.subscribe(),
      'subscribe somebody else': () => node.subscribe({ jid: 'ray@localhost' }),
      'read all': () => node.items(),
      'read one': () => node.items({ ids: [item?.id ?? ''] }),
      'read the newest': () => node.items({ max: 1 }),
      publish: () => node.publish(forged),
      retract: () => node.retract(item?.id ?? ''),
      purge: () => node.purge(),
      delete: () => node.delete(),
      configure: () => node.configure({ accessModel: 'open' }),
      'see the configuration': () => node.config(),
      'see the subscribers': () => node.subscribers(),
      'see the affiliations': () => node.affiliations(),
      'let itself in': () =>
        node.setAffiliations([{ jid: 'mallory@localhost', affiliation: 'member' }]),
      'subscribe as owner': () =>
        node.setSubscriptions([{ jid: 'mallory@localhost', state: 'subscribed' }]),
    };
    for (const [what, act] of Object.entries(tries)) {
      const answer = await act().then(
        () => 'let through',
        (error: unknown) => error,
      );
      expect(
        hasCondition(
          answer,
          'forbidden',
          'not-allowed',
          'not-authorized',
          'closed-node',
          'bad-request',
        ),
        `${what}: ${String(answer)}`,
      ).toBe(true);
    }
    await runJobs(5);
    const asJobs = await system.connect('mallory');
    await expect(asJobs.results().next()).rejects.toMatchObject({ code: 'no-access' });
    await asJobs.close();
    expect(heard.map(String)).toEqual([]);
    expect((await ray.node(system.provisioned.nodes.results).items({ max: 5 })).length).toBe(5);
  });

  it('and what it forges is believed by nobody', async () => {
    const mallory = await system.login('mallory');
    const ray = await system.connect('ray');
    const all = collect(ray.results());
    const job = ann.submit('wait', { ms: 3_000 });
    const { id, number } = await job.accepted;
    const result = xml(
      'result',
      {
        ...{ job: id, number: '999999', kind: 'add', attempt: '1', status: 'succeeded' },
        submitted: '2026-01-31T12:00:00.000Z',
        finished: '2026-01-31T12:00:00.000Z',
      },
      xml('json', 'urn:xmpp:json:0', '"forged"'),
    );
    const event = xml(
      'event',
      'http://jabber.org/protocol/pubsub#event',
      xml(
        'items',
        { node: system.provisioned.nodes.results },
        xml('item', { id: 'x' }, xml('results', 'urn:heavylift:result:1', result)),
      ),
    );
    const mark = xml('job', {
      ...{ xmlns: 'urn:heavylift:job:1', id, number: String(number), state: 'cancelled' },
    });
    for (const to of [ray.session.jid, ann.session.jid].map(String)) {
      await mallory.send(xml('message', { to, type: 'headline' }, event));
      await mallory.send(xml('message', { to, type: 'chat' }, xml('body', {}, 'Done'), mark));
    }
    // The server puts the true sender in the place of this one, or ends the stream.
    const from = system.server.pubsub;
    const to = String(ray.session.jid);
    await mallory.send(xml('message', { to, from, type: 'headline' }, event));
    expect(await job).toBe('waited');
    await vi.waitFor(() => expect(all.numbers()).toContain(number), patience);
    expect(all.numbers()).not.toContain(999_999);
    await ray.close();
  });
});

it('an open node is for everybody (XEP-0060 section 4.5)', async () => {
  const { server, provisioned } = system;
  const { bot, notifier, lifters, users } = provisioned.accounts;
  const passwords = Object.fromEntries(
    [bot, notifier, ...lifters, ...users].map(({ username, password }) => [username, password]),
  );
  await provision({
    service: server.service,
    domain: server.domain,
    admin: server.admin,
    pubsubJid: server.pubsub,
    tls: { allowPlaintextOnLoopback: true },
    lifters: lifters.length,
    extraUsers: users.map(({ username }) => ({ username })),
    readers: ['ray@localhost'],
    passwords,
    resultsAccess: 'open',
  });
  const mallory = await system.connect('mallory');
  const all = collect(mallory.results());
  const numbers = await runJobs(1);
  await vi.waitFor(() => expect(all.numbers()).toEqual(expect.arrayContaining(numbers)), patience);
  await mallory.close();
});
