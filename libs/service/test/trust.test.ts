import type { JobResult } from '@heavylift/jobs';
import { jid } from '@xmpp/jid';
import { expect, it } from 'vitest';
import { trustPublishers, trustResults } from '../src/trust.js';

it('lets through only what one of the accounts published, and names the rest', () => {
  const refused: string[] = [];
  const trust = trustPublishers(['bot@x'], ({ id, publisher }) =>
    refused.push(`${id} ${publisher}`),
  );
  const items = [
    { id: '1', value: 1, publisher: jid('bot@x/a') },
    { id: '2', value: 2, publisher: jid('eve@x/bot@x') },
    { id: '3', value: 3, publisher: jid('bot@x.evil/a') },
    { id: '4', value: 4 },
  ];
  expect(trust(items).map(({ id }) => id)).toEqual(['1']);
  expect(refused).toEqual(['2 eve@x/bot@x', '3 bot@x.evil/a', '4 undefined']);
});

it("lets through of a lifter's results only those of jobs that it ran, and all of the dispatcher's", () => {
  const refused: string[] = [];
  const trust = trustResults('bot@x', ['lifter-1@x', 'lifter-2@x'], ({ id, publisher }) =>
    refused.push(`${id} ${publisher}`),
  );
  const result = (number: number, lifter?: string): JobResult => ({
    ...{ job: `job-${number}`, number, kind: 'lift', attempt: 1, submitted: 0, finished: 1 },
    ...{ failures: [], status: 'succeeded', value: null },
    ...(lifter !== undefined && { lifter }),
  });
  const items = [
    { id: '1', value: [result(1, 'lifter-2@x/a'), result(2)], publisher: jid('bot@x/a') },
    {
      id: '2',
      value: [result(3, 'lifter-1@x/a'), result(4, 'lifter-2@x/a'), result(5)],
      publisher: jid('lifter-1@x/b'),
    },
    { id: '3', value: [result(6, 'eve@x/a')], publisher: jid('eve@x/a') },
  ];
  expect(trust(items).map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(refused).toEqual(['3 eve@x/a', '2 lifter-1@x']);
});
