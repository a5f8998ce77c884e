import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BotMessage } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { createGathering } from '../src/gathering.js';

const outcomeOf = (number: number, to = 'ann@x/app'): BotMessage => ({
  ...{ to, type: 'chat', id: `told-${number}`, body: `Done: lift #${number}` },
  job: { id: `job-${number}`, number, state: 'succeeded' },
});

/** A server that takes a message when it is told to. */
function stage() {
  const said: BotMessage[] = [];
  const pending: { resolve(): void; reject(error: unknown): void }[] = [];
  const gathering = createGathering({
    say: (message) =>
      new Promise((resolve, reject) => {
        said.push(message);
        pending.push({ resolve, reject });
      }),
    isHopeless: (error) => error instanceof RangeError,
    newMessageId: () => 'fresh',
  });
  return {
    said,
    gathering,
    async take(count = pending.length) {
      for (const { resolve } of pending.splice(0, count)) resolve();
      await nextTurn();
    },
    async refuse(error: unknown) {
      for (const { reject } of pending.splice(0)) reject(error);
      await nextTurn();
    },
    numbers: () => said.map(({ job, also = [] }) => [job, ...also].map((mark) => mark?.number)),
  };
}

/** So many are said alone until what comes collects. */
const alone = 4;
const numbersFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + index);

describe('what a program is told of many jobs', () => {
  it('goes at once and unchanged while there is little', async () => {
    const { gathering, said, take } = stage();
    const telling = gathering.say(outcomeOf(1));
    expect(said).toEqual([outcomeOf(1)]);
    await take();
    await telling;
  });

  it('goes together while others are under way, as one message with a line and a mark for each', async () => {
    const { gathering, said, take } = stage();
    const all = numbersFrom(1, alone + 3).map((number) => gathering.say(outcomeOf(number)));
    expect(said).toHaveLength(alone);
    await take(1);
    expect(said[alone]).toEqual({
      ...outcomeOf(5),
      id: 'fresh',
      body: 'Done: lift #5\nDone: lift #6\nDone: lift #7',
      also: [outcomeOf(6).job, outcomeOf(7).job],
    });
    await take();
    await Promise.all(all);
  });

  it('is at most 64 jobs a message, and not too many characters', async () => {
    const { gathering, numbers, take } = stage();
    const long = { ...outcomeOf(500), body: 'x'.repeat(11_990) };
    const messages = [...numbersFrom(1, alone + 100).map((number) => outcomeOf(number)), long];
    const all = messages.map((message) => gathering.say(message));
    for (let turn = 0; turn < 5; turn += 1) await take();
    await Promise.all(all);
    expect(numbers().slice(alone)).toEqual([numbersFrom(5, 64), numbersFrom(69, 36), [500]]);
  });

  it('holds nobody else up', () => {
    const { gathering, said } = stage();
    for (const number of numbersFrom(1, 9)) void gathering.say(outcomeOf(number));
    void gathering.say(outcomeOf(10, 'bob@x/app'));
    expect(said.map(({ to }) => to)).toContain('bob@x/app');
  });

  it('is told anew by whoever asked for it if the stream broke', async () => {
    const { gathering, refuse, take, numbers } = stage();
    const all = numbersFrom(1, alone + 2).map((number) => gathering.say(outcomeOf(number)));
    const settled = Promise.allSettled(all);
    await refuse(new Error('the stream broke'));
    await take();
    expect((await settled).map(({ status }) => status)).toEqual([
      ...Array.from({ length: alone }, () => 'rejected'),
      ...['fulfilled', 'fulfilled'],
    ]);
    void gathering.say(outcomeOf(1));
    expect(numbers().at(-1)).toEqual([1]);
  });

  it('fails alone where it can never be said', async () => {
    const { gathering, take, refuse, said } = stage();
    const all = numbersFrom(1, alone + 2).map((number) => gathering.say(outcomeOf(number)));
    const settled = Promise.allSettled(all);
    await take();
    await refuse(new RangeError('too large'));
    await refuse(new RangeError('too large'));
    await take();
    expect((await settled).slice(alone).map(({ status }) => status)).toEqual([
      ...['rejected', 'fulfilled'],
    ]);
    expect(said.slice(-2)).toEqual([outcomeOf(5), outcomeOf(6)]);
  });
});
