import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { countFailures, type Store } from '../../examples/results.js';
import { liftSomething } from '../../examples/submit.js';
import { placeOrder, watch } from '../../examples/watch.js';
import { patience, type System, startSystem } from './system.js';

let system: System;
beforeAll(async () => {
  system = await startSystem();
  await system.ready();
});
afterAll(() => system?.stop());

it('examples/submit.ts', async () => {
  expect(await liftSomething(system.account('ann'), system.bot)).toMatch(/^done: /);
});

it('examples/watch.ts', async () => {
  const jobs = await system.connect('ann');
  const job = placeOrder(jobs, 'order-4711');
  const texts: string[] = [];
  await watch(job, (text) => texts.push(text) < 3);
  expect(texts[0]).toMatch(/^#\d+: Scheduled/);
  await expect(job).rejects.toMatchObject({ code: 'cancelled' });
  const again = placeOrder(jobs, 'order-4711');
  await expect(again).rejects.toMatchObject({ code: 'cancelled' });
  expect(again.id).toBe(job.id);
});

it('examples/results.ts', async () => {
  const [ann, ray] = [await system.connect('ann'), await system.connect('ray')];
  let failures = 0;
  let last: string | undefined;
  const store: Store = {
    get position() {
      return last;
    },
    save(count, position) {
      failures += count;
      last = position;
    },
  };
  for (let run = 1; run <= 3; run += 1) {
    const end = new AbortController();
    const counting = countFailures(ray, store, end.signal);
    await Promise.allSettled([ann.submit('fail'), ann.submit('add', { a: 1 })]);
    await vi.waitFor(() => expect(failures).toBe(run), patience);
    end.abort();
    await counting;
  }
});
