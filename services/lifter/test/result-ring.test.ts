import type { JobResult } from '@heavylift/jobs';
import { type Item, type Jid, parseJid, XmppError } from '@heavylift/xmpp-pubsub';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResultRing, oldestPlace } from '../src/result-ring.js';

const account = () => 'lifter-1@example.org';
const own = parseJid(`${account()}/lifter-1.x`);

/** What a node keeps, and a process of the lifter that writes to it. */
function keeping(size: number, publisherOf: (id: string) => Jid = () => own) {
  const kept = new Map<string, readonly JobResult[]>();
  let reads = 0;
  const node = {
    async items({ ids = [] }: { readonly ids?: readonly string[] } = {}) {
      reads += 1;
      return ids.flatMap((id): Item<readonly JobResult[]>[] => {
        const value = kept.get(id);
        return value === undefined ? [] : [{ id, value, publisher: publisherOf(id) }];
      });
    },
  };
  const startProcess = (places = size, now?: () => number) =>
    createResultRing(node, account, places, now);
  return { kept, startProcess, reads: () => reads };
}

const result = (number: number): JobResult => ({
  job: `019a0b6e-8f00-7a31-9c5e-${String(number).padStart(12, '0')}`,
  number,
  kind: 'lift',
  attempt: 1,
  status: 'succeeded',
  value: null,
  submitted: 0,
  finished: number,
  failures: [],
});

const numbers = (kept: ReadonlyMap<string, readonly JobResult[]>): number[] =>
  [...kept.values()].map(([only]) => only?.number ?? 0).sort((a, b) => a - b);

describe('the ids of items of results', () => {
  it('go round, so that a lifter has so many items at the node and no more', async () => {
    const { startProcess } = keeping(3);
    const ring = startProcess();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(await ring.next());
    expect(ids.map((id) => id.replace(`${account()}:`, ''))).toEqual(['0', '1', '2', '0', '1']);
  });

  it('are others, which nobody can foresee, once another account has taken one', async () => {
    const { startProcess } = keeping(2);
    const ring = startProcess();
    expect(await ring.next()).toBe(`${account()}:0`);
    ring.taken();
    const ids = [await ring.next(), await ring.next(), await ring.next()];
    expect(ids[0]).toMatch(/^lifter-1@example\.org:[0-9a-f-]{36}:0$/);
    expect(ids[2]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(2);
  });

  it('that another account has are not ours, whatever it says there', async () => {
    const { kept, startProcess } = keeping(3, () => parseJid('lifter-2@example.org/x'));
    kept.set(`${account()}:0`, [result(1)]);
    const ring = startProcess();
    expect(await ring.holds(`${account()}:0`, [result(1)])).toBe(false);
    expect(await ring.next()).toBe(`${account()}:0`);
  });

  it('go on where the last process ended: what is overwritten is always the oldest', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 5 }),
        async (size, processes) => {
          const { kept, startProcess } = keeping(size);
          let number = 0;
          for (const count of processes) {
            const ring = startProcess();
            for (let written = 0; written < count; written += 1)
              kept.set(await ring.next(), [result(++number)]);
          }
          const newest = Array.from({ length: Math.min(size, number) }, (_, back) => number - back);
          expect(numbers(kept)).toEqual(newest.reverse());
        },
      ),
    ));

  it('go on after the newest when the clock was put back: the newest results are not overwritten', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.array(
          fc.record({
            count: fc.nat({ max: 60 }),
            stepMs: fc.integer({ min: -7_200, max: 7_200 }),
          }),
          { maxLength: 6 },
        ),
        async (size, processes) => {
          const { kept, startProcess } = keeping(size);
          let number = 0;
          let clock = 10_000_000;
          for (const { count, stepMs } of processes) {
            clock += stepMs;
            const ring = startProcess(size, () => clock);
            for (let written = 0; written < count; written += 1) {
              clock += 1;
              const id = await ring.next();
              kept.set(id, ring.ordered([{ ...result(++number), finished: clock }]));
            }
          }
          const newest = Array.from({ length: Math.min(size, number) }, (_, back) => number - back);
          expect(numbers(kept)).toEqual(newest.reverse());
        },
      ),
    ));

  it('go on after what lifters of older versions wrote, which say only when jobs ended', async () => {
    const { kept, startProcess } = keeping(4);
    const older = startProcess();
    for (let number = 1; number <= 6; number += 1) kept.set(await older.next(), [result(number)]);
    for (let number = 7; number <= 9; number += 1) {
      const ring = startProcess(4, () => 0);
      kept.set(await ring.next(), ring.ordered([{ ...result(number), finished: 0 }]));
    }
    expect(numbers(kept)).toEqual([6, 7, 8, 9]);
  });

  it('are found with a few reads', async () => {
    const { kept, startProcess, reads } = keeping(500);
    const ring = startProcess();
    for (let number = 1; number <= 700; number += 1) kept.set(await ring.next(), [result(number)]);
    const before = reads();
    await startProcess().next();
    expect(reads() - before).toBeLessThanOrEqual(10);
  });

  it('go on in the same order when there are to be more of them, or fewer', async () => {
    const { kept, startProcess } = keeping(5);
    const write = async (size: number, from: number, to: number) => {
      const ring = startProcess(size);
      for (let number = from; number <= to; number += 1)
        kept.set(await ring.next(), [result(number)]);
    };
    await write(5, 1, 7);
    await write(8, 8, 11);
    expect(numbers(kept)).toEqual([6, 7, 8, 9, 10, 11]);
    await write(4, 12, 15);
    expect(numbers(kept).slice(-4)).toEqual([12, 13, 14, 15]);
  });

  it('are looked for in holes first, which a purge may have left', async () => {
    const times = [50, 60, undefined, undefined, 30, 40];
    expect(await oldestPlace(times.length, async (place) => times[place])).toBe(2);
  });
});

describe('whether an item has arrived', () => {
  it('is told by what is in it, for there was an item under this id before', async () => {
    const { kept, startProcess } = keeping(1);
    const ring = startProcess();
    const id = await ring.next();
    expect(await ring.holds(id, [result(2)])).toBe(false);
    kept.set(id, [result(1)]);
    expect(await ring.holds(id, [result(2)])).toBe(false);
    kept.set(id, [result(2), result(3)]);
    expect(await ring.holds(id, [result(2), result(3)])).toBe(true);
    expect(await ring.holds(id, [{ ...result(2), attempt: 2 }])).toBe(false);
  });

  it('is not known while the node cannot be read', async () => {
    const failure = new XmppError('timeout', 'no answer');
    const ring = createResultRing({ items: () => Promise.reject(failure) }, account, 3);
    await expect(ring.next()).rejects.toBe(failure);
    await expect(ring.holds('x', [result(1)])).rejects.toBe(failure);
  });
});
