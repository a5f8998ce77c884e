import { decodeJobMark, eventsCodec, lifterCodec } from '@heavylift/jobs';
import xml from '@xmpp/xml';
import { beforeEach, expect, it, vi } from 'vitest';
import {
  bodyOf,
  chat,
  patience,
  playLifter,
  pubsubOf,
  type RunningDispatcher,
  shutdowns,
  stage,
  startDispatcher,
  tell,
} from './support/stage.js';

let dispatcher: RunningDispatcher;

beforeEach(async () => {
  dispatcher = await startDispatcher();
});

it('a command becomes a job in the ledger, assigned to a lifter that announced itself', async () => {
  const lifter = await playLifter(0);
  await lifter.announce();
  const you = await chat('you');
  await vi.waitFor(async () => {
    expect(bodyOf(await you.say('help'))).toContain('lift [count=30]: Lifts.');
  }, patience);
  const answer = await you.say('lift 5');
  const mark = decodeJobMark(answer);
  expect(bodyOf(answer)).toBe(`Scheduled heavy job... #${mark?.number}`);
  const [entry] = await vi.waitFor(() => {
    expect(lifter.given()).toHaveLength(1);
    return lifter.given();
  }, patience);
  expect(entry).toMatchObject({ id: mark?.id, kind: 'lift', args: { count: 5 }, attempt: 1 });
  expect(entry?.requester.jid).toBe('you@localhost/client');

  if (entry !== undefined) await lifter.succeed(entry);
  await tell(entry?.id ?? '');
  await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
});

it('a job waits for a lifter, and says so; it goes on under the next dispatcher', async () => {
  const known = await playLifter(0);
  const you = await chat('you');
  await vi.waitFor(async () => expect(bodyOf(await you.say('help'))).toContain('lift'), patience);
  const answer = await you.say('lift');
  expect(bodyOf(answer)).toContain('it waits for a lifter that knows "lift"');
  const job = decodeJobMark(answer)?.id ?? '';

  await dispatcher.stop();
  await startDispatcher('dispatcher.2');
  await known.announce();
  await vi.waitFor(() => expect(known.given().map(({ id }) => id)).toEqual([job]), patience);
  await tell(job);
  await vi.waitFor(() => expect(known.open()).toEqual([]), patience);
});

it('a lifter whose session ends loses its job to another after the grace time', async () => {
  const [one, two] = [await playLifter(0, 'gone'), await playLifter(1)];
  await one.announce();
  const you = await chat('you');
  await vi.waitFor(async () => expect(bodyOf(await you.say('help'))).toContain('lift'), patience);
  const job = decodeJobMark(await you.say('lift'))?.id ?? '';
  await vi.waitFor(() => expect(one.given()).toHaveLength(1), patience);
  await two.announce();
  await one.session.stop();
  await vi.waitFor(() => {
    expect(two.given()).toMatchObject([{ id: job, attempt: 2, stalls: 1 }]);
  }, patience);
  await tell(job);
  await vi.waitFor(() => expect(two.open()).toEqual([]), patience);
});

it('what is not from an account that may is not acted upon', async () => {
  const lifter = await playLifter(0);
  const ada = await chat('ada');
  const announcement = lifterCodec.encode({
    version: '1',
    slots: 9,
    busy: 0,
    draining: false,
    handlers: ['lift'],
    running: [],
  });
  await ada.session.send(xml('presence', { to: stage.provisioned.accounts.bot.jid }, announcement));
  await vi.waitFor(async () => expect(bodyOf(await ada.say('help'))).toContain('lift'), patience);
  const answer = await ada.say('lift');
  expect(bodyOf(answer)).toContain('it waits');
  const job = decodeJobMark(answer)?.id ?? '';
  // Only the notifier's word counts.
  await pubsubOf(lifter.session)
    .node(stage.provisioned.nodes.events, eventsCodec)
    .publish([{ type: 'told', job, at: Date.now() }]);
  expect(bodyOf(await ada.say('dance'))).toBe('Dunno how to dance');
  expect(lifter.open().map(({ id }) => id)).toContain(job);
  await tell(job);
  await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
});

it('only an administrator stops it', async () => {
  const [you, ada] = [await chat('you'), await chat('ada')];
  expect(bodyOf(await ada.say('exit'))).toBe('Only an administrator may exit.');
  expect(shutdowns).toEqual([]);
  expect(bodyOf(await you.say('exit'))).toBe('Bye.');
  await vi.waitFor(() => expect(shutdowns).toEqual(['you@localhost said exit']), patience);
});

it('an answer is never given to an error or to a message without text (RFC 6121 section 8.5)', async () => {
  const you = await chat('you');
  const { session } = you;
  const to = stage.provisioned.accounts.bot.jid;
  await session.send(xml('message', { to, type: 'error' }, xml('body', {}, 'lift')));
  await session.send(xml('message', { to, type: 'chat' }));
  await you.say('dance');
  expect(you.heard).toHaveLength(1);
});
