import type { JobResult } from '@heavylift/jobs';
import { parseJid, toBareJid } from '@heavylift/xmpp-pubsub';
import { expect, it } from 'vitest';
import { trustNamesakes, trustPublishers, trustResults } from '../src/trust.js';

const bot = toBareJid('bot@x');
const lifters = ['lifter-1@x', 'lifter-2@x'].map(toBareJid);

it('lets through only what one of the accounts published, and names the rest', () => {
  const refused: string[] = [];
  const trust = trustPublishers([bot], ({ id, publisher }) => refused.push(`${id} ${publisher}`));
  const items = [
    { id: '1', value: 1, publisher: parseJid('bot@x/a') },
    { id: '2', value: 2, publisher: parseJid('eve@x/bot@x') },
    { id: '3', value: 3, publisher: parseJid('bot@x.evil/a') },
    { id: '4', value: 4 },
  ];
  expect(trust(items).map(({ id }) => id)).toEqual(['1']);
  expect(refused).toEqual(['2 eve@x/bot@x', '3 bot@x.evil/a', '4 undefined']);
});

it("lets through of a lifter's results only those of jobs that it ran, and all of the dispatcher's", () => {
  const refused: string[] = [];
  const trust = trustResults(bot, lifters, ({ id, publisher }) =>
    refused.push(`${id} ${publisher}`),
  );
  const result = (number: number, lifter?: string): JobResult => ({
    ...{ job: `job-${number}`, number, kind: 'lift', attempt: 1, submitted: 0, finished: 1 },
    ...{ failures: [], status: 'succeeded', value: null },
    ...(lifter !== undefined && { lifter }),
  });
  const items = [
    { id: '1', value: [result(1, 'lifter-2@x/a'), result(2)], publisher: parseJid('bot@x/a') },
    {
      id: '2',
      value: [result(3, 'lifter-1@x/a'), result(4, 'lifter-2@x/a'), result(5)],
      publisher: parseJid('lifter-1@x/b'),
    },
    { id: '3', value: [result(6, 'eve@x/a')], publisher: parseJid('eve@x/a') },
  ];
  expect(trust(items).map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(refused).toEqual(['3 eve@x/a', '2 lifter-1@x']);
});

it('an item that names an account counts only if that account published it, and it is one of those configured', () => {
  const refused: string[] = [];
  const trust = trustNamesakes(lifters, ({ id, publisher }) => refused.push(`${id} ${publisher}`));
  const items = [
    { id: 'lifter-1@x', value: 1, publisher: parseJid('lifter-1@x/a') },
    // As Prosody names publishers.
    { id: 'lifter-2@x', value: 2, publisher: parseJid('lifter-2@x') },
    { id: 'lifter-2@x/1', value: 3, publisher: parseJid('lifter-2@x/b') },
    { id: 'lifter-1@x', value: 4, publisher: parseJid('lifter-2@x/b') },
    { id: 'lifter-2@x', value: 5, publisher: parseJid('bot@x/b') },
    { id: 'bot@x', value: 6, publisher: parseJid('bot@x/b') },
    { id: 'lifter-1@xy', value: 7, publisher: parseJid('lifter-1@x/a') },
    { id: 'lifter-1@x', value: 8 },
  ];
  expect(trust(items).map(({ value }) => value)).toEqual([1, 2, 3]);
  expect(refused).toHaveLength(5);
});
