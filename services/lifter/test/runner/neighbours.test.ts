import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attempts, attemptsOf } from '../support/attempts.js';
import { build } from '../support/build.js';

const moduleUrl = new URL('../support/leftovers.mjs', import.meta.url).href;
let attempts: Attempts;

beforeAll(() => {
  build();
  attempts = attemptsOf(moduleUrl);
}, 60_000);
afterAll(() => attempts.runner.stop());

describe('ending a handler that ignores its signal leaves its neighbours alone', () => {
  it.each(['deaf', 'never', 'busy', 'asleep'])('%s', async (kind) => {
    const neighbour = attempts.run('patient');
    const ignorant = [attempts.run(kind), attempts.run(kind)];
    await Promise.all([neighbour, ...ignorant].map(({ speaks }) => speaks));
    for (const { abort } of ignorant) abort();
    for (const { outcome } of ignorant) expect(await outcome).toEqual({ type: 'aborted' });
    expect(await neighbour.outcome).toEqual({ type: 'succeeded', value: 'still here' });
    expect(attempts.restarted).toEqual([]);
  });

  it('they keep their process', async () => {
    const before = await attempts.run('pid').outcome;
    const ignorant = attempts.run('never');
    await ignorant.speaks;
    ignorant.abort();
    await ignorant.outcome;
    expect(await attempts.run('pid').outcome).toEqual(before);
  });
});

const leftovers = [
  'late-rejection',
  'late-rejection-unref',
  'late-throw',
  'late-native',
  'late-exit',
  'late-lines',
  'interval',
];

describe('what one job leaves behind never fails another one, nor logs into it', () => {
  it.each(leftovers)('%s', async (kind) => {
    for (let round = 0; round < 4; round++) {
      const left = attempts.run(kind);
      expect(await left.outcome).toEqual({ type: 'succeeded', value: 'left' });
      const others = [attempts.run('innocent'), attempts.run(kind), attempts.run('innocent')];
      const [first, again, last] = await Promise.all(others.map(({ outcome }) => outcome));
      expect(first).toEqual({ type: 'succeeded', value: [2, 3] });
      expect(again).toEqual({ type: 'succeeded', value: 'left' });
      expect(last).toEqual({ type: 'succeeded', value: [2, 3] });
      await sleep(40);
      expect(others.flatMap(({ messages }) => messages)).toEqual([]);
    }
    expect(attempts.restarted).toEqual([]);
  });

  it('altered globals are in its own thread alone', async () => {
    for (let round = 0; round < 4; round++) {
      await attempts.run('altered-globals').outcome;
      const [first, last] = [attempts.run('innocent'), attempts.run('innocent')];
      expect(await first.outcome).toEqual({ type: 'succeeded', value: [2, 3] });
      expect(await last.outcome).toEqual({ type: 'succeeded', value: [2, 3] });
    }
  });

  it('is told as what it is, with the job that left it', async () => {
    await attempts.run('late-throw').outcome;
    await expect
      .poll(() => attempts.strayLines.join('\n'))
      .toMatch(/attempt 1 of job #\d+ threw when it had ended: Error: too late/);
  });
});
