import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignPending,
  chooseLifter,
  createPendingQueue,
  createTally,
  goesBefore,
  type JobEntry,
  type LifterLoad,
  type Limits,
  limitReached,
  requesterKey,
  type Target,
  takes,
  targetName,
  whyWaiting,
} from '../../src/index.js';
import { createHeap } from '../../src/policies/heap.js';
import { someEntry } from '../helpers/jobs.js';

const kind = fc.constantFrom('lift', 'press', 'curl');
const lifterName = fc.constantFrom('ann', 'bob', 'cid');
const target: fc.Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Target>({ type: 'any' }) },
  { weight: 1, arbitrary: lifterName.map((name): Target => ({ type: 'lifter', name })) },
);
const entries = fc
  .array(
    fc.record({
      kind,
      target,
      priority: fc.integer({ min: 0, max: 2 }),
      submitted: fc.nat(20),
      who: fc.constantFrom('alice', 'eve', 'mallory'),
    }),
    { maxLength: 30 },
  )
  .map((jobs) =>
    jobs.map(({ who, ...job }, index) =>
      someEntry(index + 1, { ...job, requester: { jid: `${who}@x/1`, messageType: 'chat' } }),
    ),
  );
const lifters: fc.Arbitrary<LifterLoad[]> = fc.uniqueArray(
  fc
    .record({
      name: lifterName,
      handlers: fc.subarray(['lift', 'press', 'curl']).map((names) => new Set(names)),
      slots: fc.nat(5),
      busy: fc.nat(3),
      draining: fc.boolean(),
    })
    .map((lifter) => ({ ...lifter, jid: `${lifter.name}@x/1` })),
  { selector: ({ name }) => name },
);
const limits: fc.Arbitrary<Limits> = fc.record(
  {
    runningOfKind: fc.dictionary(kind, fc.nat(4)),
    runningOfRequester: fc.nat(4),
  },
  { requiredKeys: [] },
);

describe('the heap', () => {
  it('gives its items in order, whatever was taken out of it before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean())), (input) => {
        const items = input.map(([rank, stays]) => ({ rank, stays }));
        const heap = createHeap<{ rank: number }>((a, b) => a.rank < b.rank);
        for (const item of items) heap.push(item);
        for (const item of items) if (!item.stays) expect(heap.remove(item)).toBe(true);
        const out: number[] = [];
        for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item.rank);
        const left = items.filter(({ stays }) => stays).map(({ rank }) => rank);
        expect(out).toStrictEqual(left.sort((a, b) => a - b));
      }),
    );
  });

  it('finds the new place of an item that has changed', () => {
    const items = [{ rank: 1 }, { rank: 2 }, { rank: 3 }];
    const heap = createHeap<{ rank: number }>((a, b) => a.rank < b.rank);
    for (const item of items) heap.push(item);
    const [first] = items;
    if (first !== undefined) {
      first.rank = 9;
      heap.update(first);
    }
    expect([heap.pop(), heap.pop(), heap.pop(), heap.pop()]).toStrictEqual([
      { rank: 2 },
      { rank: 3 },
      { rank: 9 },
      undefined,
    ]);
    expect(heap.remove({ rank: 2 })).toBe(false);
  });
});

describe('the pending queue', () => {
  const oldestFirst = { takesTurns: false, ageingMs: 0 };

  it('gives the first job by priority, then age, that may be taken, where nobody takes turns', () => {
    const kinds = fc.subarray(['lift', 'press', 'curl']);
    const blocked = fc.subarray(['alice@x', 'eve@x', 'mallory@x']);
    const rounds = fc.array(fc.tuple(kinds, blocked, fc.nat(40)), { maxLength: 40 });
    fc.assert(
      fc.property(entries, rounds, (all, steps) => {
        const queue = createPendingQueue(oldestFirst);
        for (const entry of all) queue.add(entry, 0);
        const model = new Set(all);
        for (const [open, closed, cancel] of steps) {
          const cancelled = all[cancel];
          if (cancelled !== undefined) {
            expect(queue.remove(cancelled.id)).toBe(model.delete(cancelled));
          }
          const [first] = [...model]
            .filter((entry) => open.includes(entry.kind))
            .filter((entry) => !closed.includes(requesterKey(entry.requester)))
            .sort((a, b) => (goesBefore(a, b) ? -1 : 1));
          const taken = queue.take(
            {
              place: (name) => open.includes(name),
              requester: (key) => !closed.includes(key),
            },
            0,
          );
          expect(taken).toBe(first);
          if (first !== undefined) model.delete(first);
          expect(queue.size).toBe(model.size);
        }
      }),
    );
  });

  it('knows how many of the jobs go before one, where nobody takes turns', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const queue = createPendingQueue(oldestFirst);
        for (const entry of all) queue.add(entry, 0);
        for (const entry of all)
          expect(queue.ahead(entry)).toBe(all.filter((other) => goesBefore(other, entry)).length);
      }),
    );
  });

  it('holds a job once, in its newest state', () => {
    const queue = createPendingQueue();
    queue.add(someEntry(1), 0);
    queue.add(someEntry(2, { priority: 1 }), 0);
    queue.add(someEntry(1, { priority: 2, revision: 2 }), 0);
    expect(queue.size).toBe(2);
    expect(queue.ahead(someEntry(2, { priority: 1 }))).toBe(1);
    const takeable = { place: () => true, requester: () => true };
    expect(queue.take(takeable, 0)?.revision).toBe(2);
    expect(queue.has(someEntry(1).id)).toBe(false);
  });

  it('takes from 10,000 jobs without looking at each', { timeout: 30_000 }, () => {
    const queue = createPendingQueue();
    for (let number = 1; number <= 10_000; number += 1) {
      const jid = number <= 5_000 ? 'greedy@x/1' : `user-${number}@x/1`;
      queue.add(someEntry(number, { requester: { jid, messageType: 'chat' } }), 2_000_000);
    }
    let asked = 0;
    const requester = (key: string) => {
      asked += 1;
      return key !== 'greedy@x';
    };
    for (let number = 5_001; number <= 10_000; number += 1) {
      expect(queue.take({ place: () => true, requester }, 2_000_000)?.number).toBe(number);
    }
    expect(asked).toBeLessThanOrEqual(2 * 5_000);
    expect(queue.size).toBe(5_000);
  });
});

describe('choosing a lifter', () => {
  const lifter = (name: string, more: Partial<LifterLoad> = {}): LifterLoad => ({
    jid: `${name}@x/1`,
    name,
    handlers: new Set(['lift']),
    slots: 4,
    busy: 0,
    draining: false,
    ...more,
  });
  const job = someEntry(1);

  it('takes the least loaded, by share, then by free slots', () => {
    expect(
      chooseLifter(job, [lifter('a', { busy: 1 }), lifter('b', { slots: 8, busy: 1 })])?.name,
    ).toBe('b');
    expect(chooseLifter(job, [lifter('a'), lifter('b', { slots: 8 })])?.name).toBe('b');
    expect(chooseLifter(job, [lifter('b'), lifter('a')])?.name).toBe('a');
  });

  it('passes over who is full, draining or does not know the job', () => {
    const unfit = [
      lifter('a', { busy: 4 }),
      lifter('b', { draining: true }),
      lifter('c', { handlers: new Set(['press']) }),
    ];
    expect(chooseLifter(job, unfit)).toBeUndefined();
  });

  it('takes the one named, and nobody for a job for all', () => {
    const both = [lifter('a'), lifter('b', { busy: 3 })];
    expect(chooseLifter(someEntry(1, { target: { type: 'lifter', name: 'b' } }), both)?.name).toBe(
      'b',
    );
    expect(
      chooseLifter(someEntry(1, { target: { type: 'lifter', name: 'z' } }), both),
    ).toBeUndefined();
    expect(chooseLifter(someEntry(1, { target: { type: 'all' } }), both)).toBeUndefined();
  });
});

describe('assignment', () => {
  /** Assigns, and works out what the state is then. */
  function assigned(all: JobEntry[], crew: LifterLoad[], limits: Limits) {
    const queue = createPendingQueue();
    for (const entry of all) queue.add(entry, 30);
    const assignments = assignPending({
      queue,
      now: 30,
      lifters: crew,
      running: createTally(),
      limits,
    });
    const running = createTally();
    for (const { entry } of assignments) running.add(entry);
    const lifters = crew.map((lifter) => ({
      ...lifter,
      busy: lifter.busy + assignments.filter((one) => one.lifter === lifter.jid).length,
    }));
    const waiting = all.filter(({ id }) => queue.has(id));
    return { assignments, running, lifters, waiting };
  }

  it('gives each job to one lifter that takes it, within slots and limits', () => {
    fc.assert(
      fc.property(entries, lifters, limits, (all, crew, limits) => {
        const { assignments, running, lifters, waiting } = assigned(all, crew, limits);
        expect(assignments.length + waiting.length).toBe(all.length);
        for (const { entry, lifter } of assignments) {
          const taker = lifters.find(({ jid }) => jid === lifter);
          expect(taker && takes(taker, entry.kind, targetName(entry))).toBe(true);
          const ofKind = limits.runningOfKind?.[entry.kind] ?? Number.POSITIVE_INFINITY;
          expect(running.ofKind(entry.kind)).toBeLessThanOrEqual(ofKind);
          expect(running.ofRequester(requesterKey(entry.requester))).toBeLessThanOrEqual(
            limits.runningOfRequester ?? Number.POSITIVE_INFINITY,
          );
        }
        for (const [index, lifter] of lifters.entries()) {
          const before = crew[index]?.busy ?? 0;
          expect(lifter.busy).toBeLessThanOrEqual(Math.max(before, lifter.slots));
        }
      }),
    );
  });

  it('leaves no free slot to a lifter that could take a waiting job', () => {
    fc.assert(
      fc.property(entries, lifters, limits, (all, crew, limits) => {
        const { running, lifters, waiting } = assigned(all, crew, limits);
        for (const entry of waiting) {
          if (limitReached(entry, running, limits) !== undefined) continue;
          expect(chooseLifter(entry, lifters)).toBeUndefined();
        }
      }),
    );
  });

  it('lets no job overtake another of its requester that could have had its slot', () => {
    fc.assert(
      fc.property(entries, lifters, (all, crew) => {
        const { assignments, waiting } = assigned(all, crew, {});
        for (const { entry } of assignments) {
          const alike = waiting.filter(
            (other) =>
              other.kind === entry.kind &&
              targetName(other) === targetName(entry) &&
              other.requester.jid === entry.requester.jid,
          );
          for (const other of alike) expect(goesBefore(entry, other)).toBe(true);
        }
      }),
    );
  });

  it('can say of every job left what it waits for, and truly', () => {
    fc.assert(
      fc.property(entries, lifters, limits, (all, crew, limits) => {
        const { running, lifters, waiting } = assigned(all, crew, limits);
        for (const entry of waiting) {
          const why = whyWaiting(entry, { now: 0, lifters, running, limits, ahead: 0 });
          const fit = lifters.filter((lifter) => takes(lifter, entry.kind, targetName(entry)));
          switch (why?.for) {
            case 'handler':
            case 'lifter':
            case 'drained-lifter':
              expect(fit).toHaveLength(0);
              break;
            case 'kind-limit':
            case 'requester-limit':
              expect(limitReached(entry, running, limits)).toBeDefined();
              break;
            case 'slot':
              expect(fit.length).toBeGreaterThan(0);
              expect(fit.every(({ busy, slots }) => busy >= slots)).toBe(true);
              break;
            default:
              expect.fail(`no reason for ${JSON.stringify(entry)}`);
          }
        }
      }),
    );
  });
});
