import { expect, it } from 'vitest';
import { createSharedPause } from '../src/shared-pause.js';

it('orders that are refused one after the other come again at the same time', () => {
  let now = 1_000;
  const pause = createSharedPause(() => now);
  expect(pause.left()).toBe(0);
  expect(pause.begin(500)).toBe(500);
  now += 200;
  expect(pause.left()).toBe(300);
  expect(pause.begin(2_000)).toBe(300);
  now += 300;
  expect(pause.left()).toBe(0);
  expect(pause.begin(1_000)).toBe(1_000);
});

it('a clock that is put back keeps no order waiting', () => {
  let now = 7_200_000;
  const pause = createSharedPause(() => now);
  pause.begin(500);
  now = 0;
  expect(pause.left()).toBe(0);
});
