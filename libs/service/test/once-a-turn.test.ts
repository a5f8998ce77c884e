import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { onceATurn } from '../src/index.js';

it('works once for all calls of a turn of the event loop, after them', async () => {
  let worked = 0;
  const call = onceATurn(() => {
    worked += 1;
  });
  call();
  await Promise.resolve();
  call();
  expect(worked).toBe(0);
  await nextTurn();
  expect(worked).toBe(1);
  await nextTurn();
  expect(worked).toBe(1);
  call();
  await nextTurn();
  expect(worked).toBe(2);
});

it('may be called by what it does: that is for the next turn', async () => {
  let worked = 0;
  const call = onceATurn(() => {
    worked += 1;
    if (worked < 3) call();
  });
  call();
  await expect.poll(() => worked).toBe(3);
});
