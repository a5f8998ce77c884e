import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createOutbox, type OutboxOptions } from '../src/outbox.js';

/** A service that takes a batch only when told to. */
function service() {
  const calls: { batch: readonly string[]; id: string; settle: (error?: Error) => void }[] = [];
  let ids = 0;
  const options: OutboxOptions<string> = {
    publish: (batch, id) =>
      new Promise<void>((resolve, reject) => {
        calls.push({ batch, id, settle: (error) => (error ? reject(error) : resolve()) });
      }),
    newItemId: () => `i${++ids}`,
    pause: async () => undefined,
    onFailure: () => undefined,
  };
  return { calls, options, last: () => calls.at(-1) };
}

describe('an outbox', () => {
  it('sends the first value at once, and what comes meanwhile together', async () => {
    const { calls, options, last } = service();
    const outbox = createOutbox(options);
    const added = ['a', 'b', 'c', 'd'].map((value, index) =>
      index === 0 ? outbox.add(value) : nextTurn().then(() => outbox.add(value)),
    );
    await nextTurn();
    await nextTurn();
    expect(calls.map((call) => call.batch)).toEqual([['a']]);
    last()?.settle();
    await nextTurn();
    expect(calls.map((call) => call.batch)).toEqual([['a'], ['b', 'c', 'd']]);
    last()?.settle();
    await Promise.all(added);
    expect(outbox.size).toBe(0);
  });

  it('tries a batch again under the same id until the service has it', async () => {
    const { calls, options, last } = service();
    const outbox = createOutbox(options);
    const added = outbox.add('a');
    await nextTurn();
    last()?.settle(new Error('the stream broke'));
    await nextTurn();
    last()?.settle();
    await added;
    expect(calls.map(({ batch, id }) => ({ batch, id }))).toEqual([
      { batch: ['a'], id: 'i1' },
      { batch: ['a'], id: 'i1' },
    ]);
  });

  it('ends a batch at the bounds', async () => {
    const { calls, options, last } = service();
    const outbox = createOutbox({ ...options, maxBatch: 3, maxBytes: 10, weigh: (v) => v.length });
    const values = ['a', 'b', 'c', 'd', 'x'.repeat(20), 'e'];
    const all = Promise.all(values.map((value) => outbox.add(value)));
    for (let turn = 0; turn < 8; turn += 1) {
      await nextTurn();
      last()?.settle();
    }
    await all;
    expect(calls.map((call) => call.batch)).toEqual([
      ['a', 'b', 'c'],
      ['d'],
      ['x'.repeat(20)],
      ['e'],
    ]);
  });

  it('gives up what is not out when it is closed', async () => {
    const { options } = service();
    const outbox = createOutbox(options);
    const added = outbox.add('a');
    const closed = new Error('stopping');
    outbox.close(closed);
    await expect(added).rejects.toBe(closed);
    await expect(outbox.add('b')).rejects.toBe(closed);
    await outbox.drained();
  });

  it('says when everything is out', async () => {
    const { options, last } = service();
    const outbox = createOutbox(options);
    await outbox.drained();
    const added = outbox.add('a');
    let drained = false;
    const done = outbox.drained().then(() => {
      drained = true;
    });
    await nextTurn();
    expect(drained).toBe(false);
    last()?.settle();
    await added;
    await done;
  });
});
