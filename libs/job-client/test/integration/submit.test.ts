import { decodeJobMark } from '@heavylift/jobs';
import { createSession } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectJobs, type Jobs } from '../../src/index.js';
import { patience, type System, startSystem } from './system.js';

let system: System;
beforeAll(async () => {
  system = await startSystem({ dispatchers: 2, policy: 'rules: [{ deny: mallory@localhost }]' });
  await system.ready();
});
afterAll(() => system?.stop());

describe.each([
  ['who may read the results', 'ray'],
  ['who may only ask', 'ann'],
])('a job of somebody %s', (_, username) => {
  let jobs: Jobs;
  beforeAll(async () => {
    jobs = await system.connect(username);
  });

  it('becomes what the handler returned (XEP-0050 section 3.2)', async () => {
    const job = jobs.submit('add', { a: 2, b: 3.5, label: 'zwölf & <ten>', twice: true });
    expect(job.id).toBeUndefined();
    const accepted = await job.accepted;
    expect(accepted.text).toContain(`Scheduled sum... #${accepted.number}`);
    expect(job).toMatchObject({ id: accepted.id, number: accepted.number });
    expect(await job).toEqual({ sum: 11, label: 'zwölf & <ten>' });
  });

  it('says how far it is', async () => {
    const job = jobs.submit('wait', { ms: 4_000 });
    const texts: string[] = [];
    for await (const text of job.progress) texts.push(text);
    expect(texts[0]).toMatch(/^#\d+ wait: \d of 10, waiting$/);
    expect(await job).toBe('waited');
  });

  it('rejects with what the handler threw', async () => {
    const job = jobs.submit('fail');
    const { number, id } = await job.accepted;
    await expect(job).rejects.toMatchObject({
      name: 'JobClientError',
      code: 'failed',
      message: `job #${number} failed: too heavy`,
      job: { id, number, error: { message: 'too heavy' } },
    });
  });

  it('is cancelled, running or waiting', async () => {
    const running = jobs.submit('wait', { ms: 60_000 });
    const waiting = jobs.submit('add', { a: 1 }, { in: '1h' });
    expect((await waiting.accepted).text).toContain('it waits for its start');
    await Promise.all([running.cancel(), waiting.cancel()]);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    // Once it is over, there is nothing to cancel.
    await waiting.cancel();
  });

  it('is one job for the same submission, from another process too, even when it is over', async () => {
    const submission = `order-${username}`;
    const first = jobs.submit('add', { a: 20 }, { submission });
    expect(await first).toEqual({ sum: 20, label: '' });
    const other = await system.connect(username);
    const again = other.submit('add', { a: 20 }, { submission });
    expect(await again).toEqual({ sum: 20, label: '' });
    expect(again.number).toBe(first.number);
    await other.close();
  });

  it('is heard of by who submits it again from a new process while it runs', async () => {
    const submission = `restarted-${username}`;
    const killed = await system.connect(username);
    const first = killed.submit('wait', { ms: 4_000 }, { submission });
    const { number } = await first.accepted;
    const ended = expect(first).rejects.toMatchObject({ code: 'closed' });
    await killed.close();
    await ended;
    const restarted = await system.connect(username);
    const again = restarted.submit('wait', { ms: 4_000 }, { submission });
    expect(await again).toBe('waited');
    expect(again.number).toBe(number);
    await restarted.close();
  });

  it('is refused in so many words', async () => {
    await expect(jobs.submit('dance')).rejects.toMatchObject({
      code: 'refused',
      condition: 'item-not-found',
    });
    await expect(jobs.submit('add', { a: 'many' })).rejects.toMatchObject({
      code: 'refused',
      condition: 'bad-request',
      message: expect.stringContaining('a is "many"'),
    });
    expect(() => jobs.submit('add', { a: 1 }, { in: 5, at: '18:00' })).toThrow(/either/);
  });

  it('is no longer waited for when its signal says so, and runs on', async () => {
    const submission = `signal-${username}`;
    const job = jobs.submit(
      'wait',
      { ms: 2_000 },
      { submission, signal: AbortSignal.timeout(500) },
    );
    await expect(job).rejects.toMatchObject({ code: 'aborted' });
    expect(await jobs.submit('wait', { ms: 2_000 }, { submission })).toBe('waited');
  });

  it('survives connections that break, before the answer and after it', async () => {
    const line = await system.line();
    const frail = await system.connect(username, { service: line.service });
    const handles = Array.from({ length: 40 }, (__, a) => frail.submit('add', { a }));
    const long = frail.submit('wait', { ms: 3_000 });
    line.cutInside();
    await long.accepted;
    // Nothing of the old stream is resumed: what the bot says meanwhile goes elsewhere.
    line.blackHole();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    line.heal();
    expect(await Promise.all(handles)).toEqual(
      handles.map((_handle, a) => ({ sum: a, label: '' })),
    );
    expect(await long).toBe('waited');
    const numbers = handles.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(40);
    await frail.close();
  });

  it('is asked for again if the answer is lost with the stream, and is one job', async () => {
    const line = await system.line();
    const frail = await system.connect(username, {
      service: line.service,
      streamManagement: false,
    });
    await frail.submit('add', { a: 0 });
    const handles = Array.from({ length: 20 }, (__, a) => frail.submit('add', { a }));
    // Half way: some have been answered, some have not, and some have not been asked for.
    line.cutInside();
    await Promise.all(handles);
    line.blackHole();
    const swallowed = frail.submit('add', { a: 21 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    line.heal();
    expect(await swallowed).toEqual({ sum: 21, label: '' });
    const numbers = [...handles, swallowed].map(({ number }) => number);
    expect(new Set(numbers).size).toBe(21);
    await frail.close();
  });

  it('is asked about after a break, when the message went to another session (RFC 6121 section 8.5.3)', async () => {
    const line = await system.line();
    const frail = await system.connect(username, {
      ...{ service: line.service, streamManagement: false, connectTimeoutMs: 1_000 },
    });
    const other = await system.login(username);
    const heard: Element[] = [];
    other.on('stanza', (stanza) => stanza.is('message') && heard.push(stanza));
    await other.send(xml('presence'));
    const job = frail.submit('wait', { ms: 1_500 });
    const { id } = await job.accepted;
    line.blackHole();
    line.cut();
    await vi.waitFor(() => {
      expect(heard.map(decodeJobMark)).toContainEqual(
        expect.objectContaining({ id, state: 'succeeded' }),
      );
    }, patience);
    line.heal();
    expect(await job).toBe('waited');
    await Promise.all([frail.close(), other.stop()]);
  });

  it('survives a take-over: the next dispatcher is asked', async () => {
    const long = jobs.submit('wait', { ms: 4_000 });
    await long.accepted;
    const [first] = system.crew.of('dispatcher').filter(({ process }) => process !== undefined);
    await Promise.all(system.crew.of('dispatcher').map((dispatcher) => dispatcher.restart()));
    expect(first).toBeDefined();
    const next = jobs.submit('add', { a: 5 });
    expect(await next).toEqual({ sum: 5, label: '' });
    expect(await long).toBe('waited');
  });

  it('ends with the client', async () => {
    const short = await system.connect(username);
    const job = short.submit('wait', { ms: 5_000 });
    await job.accepted;
    await short.close();
    await expect(job).rejects.toMatchObject({ code: 'closed' });
    await expect(short.submit('add', { a: 1 })).rejects.toMatchObject({ code: 'closed' });
  });
});

it('takes a session of yours, started before or after', async () => {
  const session = createSession(system.account('ann'));
  session.on('online', () => void session.send(xml('presence')));
  await session.start();
  const jobs = await connectJobs({ session, bot: system.bot, pubsubJid: system.server.pubsub });
  expect(await jobs.submit('add', { a: 3 })).toEqual({ sum: 3, label: '' });
  await jobs.close();
  expect(session.status).toBe('online');
  await session.stop();
});

it('who is not served is told so, each time (RFC 6121 section 3.1.5)', async () => {
  for (let time = 0; time < 2; time += 1) {
    const jobs = await system.connect('mallory');
    for (let job = 0; job < 2; job += 1)
      await expect(jobs.submit('add', { a: 1 })).rejects.toMatchObject({
        code: 'refused',
        condition: 'forbidden',
      });
    await jobs.close();
  }
});

it('a wrong password is told at once, and leaves nothing behind', async () => {
  const session = { ...system.account('ann'), password: 'wrong' };
  await expect(
    connectJobs({ session, bot: system.bot, pubsubJid: system.server.pubsub }),
  ).rejects.toMatchObject({ code: 'authentication-failed' });
});
