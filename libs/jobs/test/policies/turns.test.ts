import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPendingQueue, type JobEntry, type QueueOrder } from '../../src/index.js';
import { someEntry } from '../helpers/jobs.js';

const minute = 60_000;
const anything = { place: () => true, requester: () => true };

/** A queue, and a time that only the test moves on. */
function office(order?: QueueOrder) {
  const queue = createPendingQueue(order);
  let now = 1_000_000;
  let number = 0;
  return {
    queue,
    now: () => now,
    pass(ms: number) {
      now += ms;
    },
    submit(who: string, more: Partial<JobEntry> = {}) {
      number += 1;
      const requester = { jid: `${who}@x/phone`, messageType: 'chat' } as const;
      const entry = someEntry(number, { requester, submitted: now, ...more });
      queue.add(entry, now);
      return entry;
    },
    /** Who has the next turn, and with which job. */
    take(kinds?: readonly string[]) {
      const place = (kind: string) => kinds?.includes(kind) ?? true;
      const taken = queue.take({ ...anything, place }, now);
      return taken && { who: whoOf(taken), number: taken.number, entry: taken };
    },
  };
}

const whoOf = ({ requester }: JobEntry): string => requester.jid.split('@', 1)[0] ?? '';

const who = fc.constantFrom('ada', 'bob', 'cyd', 'dan');
const acts = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('submit' as const), who }),
    fc.record({ do: fc.constant('take' as const), blocked: fc.subarray(['ada', 'bob']) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat(200_000) }),
    fc.record({ do: fc.constant('cancel' as const), which: fc.nat(20) }),
  ),
  { maxLength: 80 },
);

describe('requesters who wait with jobs of one priority', () => {
  it('take turns: FIFO within one, at the end of the round who comes, or comes back', () => {
    fc.assert(
      fc.property(acts, (steps) => {
        const { queue, submit, pass, now } = office();
        /** Whose turn it is next, first; and what each of them waits with. */
        const round: string[] = [];
        const lines = new Map<string, JobEntry[]>();
        const left = (name: string) => (lines.get(name)?.length ?? 0) > 0;
        for (const step of steps) {
          if (step.do === 'pass') pass(step.ms);
          if (step.do === 'submit') {
            if (!left(step.who)) round.push(step.who);
            lines.set(step.who, [...(lines.get(step.who) ?? []), submit(step.who)]);
          }
          if (step.do === 'cancel') {
            const job = [...lines.values()].flat()[step.which];
            if (job === undefined) continue;
            queue.remove(job.id);
            const name = whoOf(job);
            lines.set(
              name,
              (lines.get(name) ?? []).filter((other) => other !== job),
            );
            if (!left(name)) round.splice(round.indexOf(name), 1);
          }
          if (step.do === 'take') {
            const next = round.find((name) => !step.blocked.some((other) => other === name));
            const expected = next === undefined ? undefined : lines.get(next)?.shift();
            if (next !== undefined) {
              round.splice(round.indexOf(next), 1);
              if (left(next)) round.push(next);
            }
            const requester = (key: string) => !step.blocked.some((name) => key === `${name}@x`);
            expect(queue.take({ ...anything, requester }, now())).toBe(expected);
          }
        }
      }),
    );
  });

  it('wait one round at most, however many jobs somebody has', () => {
    const { submit, take, pass } = office();
    for (let job = 0; job < 1_000; job += 1) submit('greedy');
    expect(take()?.who).toBe('greedy');
    pass(60 * minute);
    submit('ada');
    submit('bob');
    const next = [1, 2, 3, 4, 5].map(() => take()?.who);
    expect(next).toEqual(['greedy', 'ada', 'bob', 'greedy', 'greedy']);
  });

  it('gain nothing by leaving and coming back, not in the same millisecond either', () => {
    const { submit, take } = office();
    for (let job = 0; job < 10; job += 1) submit('bob');
    const turns: (string | undefined)[] = [];
    for (let round = 0; round < 6; round += 1) {
      submit('ada');
      turns.push(take()?.who, take()?.who);
    }
    expect(turns.filter((name) => name === 'ada')).toHaveLength(6);
    const { submit: ask, take: next } = office();
    for (const name of ['bob', 'bob', 'ada', 'cyd', 'cyd']) ask(name);
    const first = [next(), next()].map((turn) => turn?.who);
    ask('ada');
    expect([...first, next()?.who, next()?.who, next()?.who]).toEqual([
      ...['bob', 'ada'],
      ...['cyd', 'bob', 'ada'],
    ]);
    expect(next()?.who).toBe('cyd');
  });

  it('have one turn for the parts of a job for all, too', () => {
    const { submit, take } = office();
    const part = (name: string) =>
      submit('greedy', { target: { type: 'child', parent: someEntry(99).id, name } });
    for (let job = 0; job < 5; job += 1) for (const name of ['one', 'two', 'three']) part(name);
    submit('greedy');
    submit('ada');
    submit('ada');
    expect([1, 2, 3, 4].map(() => take()?.who)).toEqual(['greedy', 'ada', 'greedy', 'ada']);
  });

  it('are not kept waiting by a retry, and gain nothing by one', () => {
    const { submit, take, pass, now, queue } = office();
    const failed = submit('ada');
    submit('bob');
    submit('bob');
    queue.remove(failed.id);
    pass(1_000);
    queue.add({ ...failed, notBefore: now(), attempt: 2 }, now());
    expect([1, 2, 3].map(() => take()?.who)).toEqual(['bob', 'ada', 'bob']);
  });

  it('are served by age where that is configured', () => {
    const { submit, take, pass } = office({ takesTurns: false });
    for (let job = 0; job < 3; job += 1) submit('greedy');
    pass(1);
    submit('ada');
    expect([1, 2, 3, 4].map(() => take()?.who)).toEqual(['greedy', 'greedy', 'greedy', 'ada']);
  });

  it('have the same turns under the next dispatcher, as far as the ledger tells', () => {
    const steps = fc.array(fc.oneof(who, fc.constant(undefined)), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.nat(50), (names, later) => {
        const { queue, submit, take, pass, now } = office();
        const open: JobEntry[] = [];
        for (const name of names) {
          pass(1);
          if (name !== undefined) open.push(submit(name));
          else {
            const taken = take()?.entry;
            if (taken === undefined) continue;
            const state = { type: 'assigned', lifter: 'l@x/1', since: now() } as const;
            open[open.indexOf(taken)] = { ...taken, state };
          }
        }
        pass(later);
        const next = createPendingQueue();
        for (const entry of open) if (entry.state.type === 'pending') next.add(entry, now());
        for (const entry of open)
          if (entry.state.type === 'assigned') next.hadTurn(entry, entry.state.since);
        for (const _ of open) {
          pass(1);
          expect(next.take(anything, now())?.id).toBe(queue.take(anything, now())?.id);
        }
      }),
    );
  });
});

describe('priority', () => {
  it('goes first, whoever asked', () => {
    const { submit, take } = office();
    submit('ada');
    submit('bob', { priority: 5 });
    submit('bob', { priority: 5 });
    expect([1, 2, 3].map(() => take()?.who)).toEqual(['bob', 'bob', 'ada']);
  });

  it('does not keep ordinary jobs from running: a minute of waiting is worth one step', () => {
    const { submit, take, pass } = office();
    const turns: { readonly at: number; readonly who: string }[] = [];
    for (let job = 0; job < 100; job += 1) submit('bob');
    for (let second = 1; second <= 600; second += 1) {
      submit('vip', { priority: 1 });
      submit('vip', { priority: 1 });
      pass(1_000);
      turns.push({ at: second, who: take()?.who ?? '' });
    }
    const ofBob = turns.filter((turn) => turn.who === 'bob').map(({ at }) => at);
    expect(ofBob[0]).toBeLessThanOrEqual(62);
    // Slowly: priority is worth something.
    expect(ofBob.length).toBeGreaterThanOrEqual(8);
    expect(ofBob.length).toBeLessThanOrEqual(10);
  });

  it('is all that counts where ageing is off', () => {
    const { submit, take, pass } = office({ ageingMs: 0 });
    submit('bob');
    for (let second = 0; second < 1_000; second += 1) {
      submit('vip', { priority: 1 });
      pass(1_000);
      expect(take()?.who).toBe('vip');
    }
  });

  it('starves nobody: whatever waits is taken in the end, of any kind and priority', () => {
    const one = fc.record({
      who,
      priority: fc.integer({ min: -3, max: 3 }),
      kind: fc.constantFrom('lift', 'press'),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 10 }), (jobs) => {
        const { submit, take, pass, queue } = office();
        const waiting = jobs.map(({ who: name, ...more }) => submit(name, more));
        // All of them together ask for as much of either kind as can be done, at the highest priority.
        const names = ['ada', 'bob', 'cyd', 'dan'] as const;
        for (let second = 0; second < 12 * 60 * waiting.length; second += 1) {
          const kinds = [second % 2 === 0 ? 'lift' : 'press'];
          const name = names[second % names.length] ?? 'ada';
          submit(name, { priority: 3, kind: kinds[0] ?? '' });
          if (second % 60 === 59) submit(name, { priority: 3, kind: kinds[0] ?? '' });
          take(kinds);
          pass(1_000);
          if (!waiting.some(({ id }) => queue.has(id))) return;
        }
        expect(waiting.filter(({ id }) => queue.has(id))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('starves no kind of job whose requester has turns with another kind all the time', () => {
    const { submit, take, pass, queue } = office();
    const mine = submit('greedy', { kind: 'press' });
    for (let second = 0; second < 90; second += 1) {
      submit('greedy', { kind: 'lift' });
      submit('ada', { kind: 'press' });
      take(['lift']);
      pass(500);
      take(['press']);
      pass(500);
    }
    expect(queue.has(mine.id)).toBe(false);
  });
});

describe('a queue of 100,000 jobs of 10,000 requesters', () => {
  it('is emptied turn by turn, each in a few steps', { timeout: 300_000 }, () => {
    const queue = createPendingQueue();
    for (let number = 1; number <= 100_000; number += 1) {
      const jid = `user-${number % 10_000}@x/1`;
      queue.add(someEntry(number, { requester: { jid, messageType: 'chat' } }), 2_000_000);
    }
    let asked = 0;
    const requester = () => {
      asked += 1;
      return true;
    };
    expect(queue.ahead(someEntry(100_001))).toBe(10_000);
    const order: number[] = [];
    for (let at = 1; at <= 100_000; at += 1)
      order.push(queue.take({ place: () => true, requester }, 2_000_000 + at)?.number ?? 0);
    expect(order).toEqual([...order.keys()].map((index) => index + 1));
    expect(asked).toBe(100_000);
  });
});
