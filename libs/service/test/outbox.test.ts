import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createOutbox, type OutboxOptions } from '../src/outbox.js';

/** A service that takes an item only when told to. */
function service(changes: Partial<OutboxOptions<string>> = {}) {
  const calls: { id: string; entries: readonly string[]; settle: (error?: Error) => void }[] = [];
  const outbox = createOutbox<string>({
    isOpen: () => true,
    publish: (id, entries) =>
      new Promise<void>((resolve, reject) => {
        calls.push({ id, entries, settle: (error) => (error ? reject(error) : resolve()) });
      }),
    sizeOf: (entry) => entry.length,
    backoff: { initialMs: 1, maxMs: 1 },
    ...changes,
  });
  return {
    outbox,
    calls,
    published: () => calls.map(({ entries }) => entries),
    async settle(error?: Error) {
      calls.at(-1)?.settle(error);
      await nextTurn();
    },
  };
}

const broken = new Error('the stream broke');

describe('an outbox', () => {
  it('publishes the first entry at once, and together what comes meanwhile', async () => {
    const { outbox, published, settle } = service();
    for (const entry of ['a', 'b', 'c']) outbox.add(entry);
    expect(published()).toEqual([['a']]);
    await settle();
    expect(published()).toEqual([['a'], ['b', 'c']]);
    expect(outbox.size).toBe(2);
    await settle();
    expect(outbox.size).toBe(0);
  });

  it('publishes together what is added in one turn, if that is wanted', async () => {
    const { outbox, published, settle } = service({ byTurn: true });
    outbox.add('a');
    queueMicrotask(() => outbox.add('b'));
    expect(published()).toEqual([]);
    await nextTurn();
    outbox.add('c');
    expect(published()).toEqual([['a', 'b']]);
    await settle();
    expect(published()).toEqual([['a', 'b'], ['c']]);
    await settle();
    expect(outbox.size).toBe(0);
  });

  it('rests after an item of several, so that the next is fuller, but not when a full one waits', async () => {
    const { outbox, published, settle } = service({
      byTurn: true,
      longestRestMs: 60_000,
      maxEntries: 3,
    });
    outbox.add('a');
    outbox.add('b');
    await nextTurn();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await settle();
    for (const entry of ['c', 'd']) {
      outbox.add(entry);
      await nextTurn();
      expect(published()).toEqual([['a', 'b']]);
    }
    outbox.add('e');
    await nextTurn();
    expect(published().at(-1)).toEqual(['c', 'd', 'e']);
    await settle();
    expect(outbox.close()).toEqual([]);
  });

  it('does not let single entries wait for a rest', async () => {
    const { outbox, published, settle } = service({ longestRestMs: 60_000 });
    outbox.add('a');
    await settle();
    outbox.add('b');
    await nextTurn();
    expect(published()).toEqual([['a'], ['b']]);
    await settle();
  });

  it('publishes again, under the same id, until the service has confirmed it', async () => {
    const { outbox, calls, settle } = service();
    outbox.add('a');
    await settle(broken);
    outbox.resume();
    await nextTurn();
    await settle();
    expect(calls).toHaveLength(2);
    expect(calls[1]).toMatchObject({ id: calls[0]?.id, entries: ['a'] });
    expect(outbox.size).toBe(0);
  });

  it('takes ids that it is given, and asks for one again if there was none', async () => {
    const answers = [Promise.reject(broken), Promise.resolve('one'), Promise.resolve('two')];
    const { outbox, calls, settle } = service({
      newItemId: () => answers.shift() ?? Promise.reject(new Error('asked too often')),
    });
    outbox.add('a');
    await expect.poll(() => calls.length).toBe(1);
    await settle(broken);
    outbox.resume();
    await expect.poll(() => calls.length).toBe(2);
    outbox.add('b');
    await settle();
    await expect.poll(() => calls.length).toBe(3);
    await settle();
    expect(calls.map(({ id }) => id)).toEqual(['one', 'one', 'two']);
  });

  it('keeps its distance: what comes soon after a publish goes together', async () => {
    const { outbox, calls, published, settle } = service({ spacingMs: 1_000 });
    outbox.add('a');
    const began = performance.now();
    await settle();
    outbox.add('b');
    await nextTurn();
    outbox.add('c');
    expect(published()).toEqual([['a']]);
    await expect.poll(() => calls.length).toBe(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(999);
    expect(published()[1]).toEqual(['b', 'c']);
  });

  it('asks first whether what brought no answer has arrived', async () => {
    const { outbox, calls, settle } = service({ hasArrived: async () => true });
    outbox.add('a');
    await settle(broken);
    outbox.resume();
    await outbox.emptied();
    expect(calls).toHaveLength(1);
  });

  it('withholds what is not true any more', async () => {
    const withheld: string[] = [];
    const { outbox, published, settle } = service({
      isValid: (entry) => entry !== 'stale',
      onWithheld: (entry) => withheld.push(entry),
    });
    for (const entry of ['a', 'stale', 'b']) outbox.add(entry);
    await settle();
    await settle();
    expect(published()).toEqual([['a'], ['b']]);
    expect(withheld).toEqual(['stale']);
  });

  it('waits while publishing makes no sense, and goes on when told', async () => {
    let open = false;
    const { outbox, published, settle } = service({ isOpen: () => open });
    outbox.add('a');
    expect(published()).toEqual([]);
    open = true;
    outbox.resume();
    expect(published()).toEqual([['a']]);
    await settle();
  });

  it('ends an item at the bounds, and lets one entry that is too large go alone', async () => {
    const { outbox, published, settle } = service({ maxEntries: 2, maxBytes: 10 });
    for (const entry of ['a', 'b', 'c', 'd', 'x'.repeat(20), 'e']) outbox.add(entry);
    for (let turn = 0; turn < 6; turn += 1) await settle();
    expect(published()).toEqual([['a'], ['b', 'c'], ['d'], ['x'.repeat(20)], ['e']]);
  });

  it('gives back what is not confirmed when it is closed', async () => {
    const { outbox } = service();
    for (const entry of ['a', 'b']) outbox.add(entry);
    const emptied = outbox.emptied();
    expect(outbox.close()).toEqual(['a', 'b']);
    await emptied;
  });
});

describe('an outbox whose items are refused', () => {
  it('goes on to another id when another account has the one it chose', async () => {
    const ids = ['a', 'b', 'c'];
    const { outbox, calls, settle } = service({
      newItemId: async () => ids.shift() ?? 'none',
      isIdTaken: (error) => error === taken,
    });
    const taken = new Error('forbidden');
    outbox.add('x');
    await nextTurn();
    await settle(taken);
    await expect.poll(() => calls.length).toBe(2);
    await settle(broken);
    await expect.poll(() => calls.length).toBe(3);
    await settle();
    expect(calls.map(({ id }) => id)).toEqual(['a', 'b', 'b']);
    expect(outbox.size).toBe(0);
  });

  it('lets no entry that is refused for good hold up the others, and says which one it is', async () => {
    const bad = new Error('payload-too-big');
    const refused: string[] = [];
    const published: string[] = [];
    const outbox = createOutbox<string>({
      isOpen: () => true,
      byTurn: true,
      async publish(_id, entries) {
        if (entries.includes('huge')) throw bad;
        published.push(...entries);
      },
      sizeOf: () => 1,
      isHopeless: (error) => error === bad,
      onHopeless(entry) {
        refused.push(entry);
        return 'instead';
      },
      backoff: { initialMs: 1, maxMs: 1 },
    });
    for (const entry of ['a', 'huge', 'b', 'c']) outbox.add(entry);
    await outbox.emptied();
    expect(refused).toEqual(['huge']);
    expect(published).toEqual(['a', 'instead', 'b', 'c']);
  });
});
