import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  type Decision,
  decide,
  isAssignedTo,
  type Situation,
  takenAssignments,
} from '../src/assignments.js';
import { traitsOf } from '../src/handlers/define.js';
import type { RegisteredHandler } from '../src/handlers/registry.js';
import { assignment, me } from './support/assignment.js';

const handler: RegisteredHandler = {
  ...traitsOf({ name: 'lift', summary: 'lifts', fields: {} }),
  isolation: 'thread',
  work: { type: 'module', moduleUrl: 'file:///lift.js', memoryLimit: 128 },
};

function situation(mine: readonly Assignment[], more: Partial<Situation> = {}): Situation {
  return {
    mine: new Map(mine.map((each) => [each.id, each])),
    running: new Map(),
    isTaken: () => false,
    isAnswered: () => true,
    slots: 2,
    draining: false,
    handlerOf: () => handler,
    ...more,
  };
}

const runs = (id: string, attempt = 1, ending = false) => new Map([[id, { attempt, ending }]]);
const cancelRequested = { at: 0, by: 'you@localhost' };

describe('an assignment', () => {
  it('is of the one process that it names by its full JID', () => {
    expect(isAssignedTo(assignment({ id: 'a' }), me)).toBe(true);
    expect(isAssignedTo(assignment({ id: 'a' }), 'lifter-1@localhost/lifter-1.later')).toBe(false);
    expect(isAssignedTo({ ...assignment({ id: 'a' }), state: { type: 'pending' } }, me)).toBe(
      false,
    );
  });

  it('is started if there is a free slot: the most urgent first, then the oldest', () => {
    const [a, b, c] = [
      assignment({ id: 'a', number: 1 }),
      assignment({ id: 'b', number: 2 }),
      assignment({ id: 'c', number: 3, priority: 5 }),
    ];
    expect(decide(situation([b, a, c]))).toEqual([
      { type: 'start', assignment: c, handler },
      { type: 'start', assignment: a, handler },
    ]);
    expect(decide(situation([a, b], { running: runs('b'), slots: 1 }))).toEqual([]);
  });

  it('is not started twice', () => {
    const a = assignment({ id: 'a' });
    expect(decide(situation([a], { isTaken: () => true }))).toEqual([]);
  });

  it('is handed back if it was acted upon, and nobody knows any more what became of it', () => {
    const a = assignment({ id: 'a' });
    const lost = { isTaken: () => true, isAnswered: () => false };
    const note = 'what became of the attempt is lost';
    expect(decide(situation([a], lost))).toEqual([{ type: 'release', assignment: a, note }]);
    expect(decide(situation([a], { ...lost, running: runs('a') }))).toEqual([]);
  });

  it('waits while an earlier attempt of the same job has not ended yet', () => {
    const second = assignment({ id: 'a', attempt: 2 });
    expect(decide(situation([second], { running: runs('a', 1) }))).toEqual([
      { type: 'abort', job: 'a', reason: 'lost' },
    ]);
    expect(decide(situation([second], { running: runs('a', 1, true) }))).toEqual([]);
    expect(decide(situation([second]))).toEqual([{ type: 'start', assignment: second, handler }]);
  });

  it('that is cancelled before it started is told as cancelled, even without a free slot', () => {
    const a = assignment({ id: 'a', cancelRequested });
    expect(decide(situation([a], { slots: 0 }))).toEqual([{ type: 'cancel', assignment: a }]);
  });

  it('is handed back by a lifter that is shutting down or does not know the kind', () => {
    const a = assignment({ id: 'a' });
    const note = 'the lifter is shutting down';
    expect(decide(situation([a], { draining: true }))).toEqual([
      { type: 'release', assignment: a, note },
    ]);
    expect(decide(situation([a], { handlerOf: () => undefined }))).toEqual([
      { type: 'release', assignment: a, note: "there is no handler 'lift'" },
    ]);
  });
});

describe('a running attempt', () => {
  it('goes on as long as the ledger says so, also while the lifter shuts down', () => {
    const a = assignment({ id: 'a' });
    const running = runs('a');
    expect(decide(situation([a], { running, draining: true, isTaken: () => true }))).toEqual([]);
  });

  it('is aborted, once, when the ledger asks for it or gives the job away', () => {
    const expired = assignment({ id: 'a', cancelRequested: { at: 0, by: 'deadline' } });
    expect(
      decide(situation([expired], { running: new Map([['a', { attempt: 1, ending: false }]]) })),
    ).toEqual([{ type: 'abort', job: 'a', reason: 'expired' }]);
    const cancelled = assignment({ id: 'a', cancelRequested });
    const running = runs('a');
    const isTaken = () => true;
    expect(decide(situation([cancelled], { running, isTaken }))).toEqual([
      { type: 'abort', job: 'a', reason: 'cancelled' },
    ]);
    expect(decide(situation([], { running }))).toEqual([
      { type: 'abort', job: 'a', reason: 'lost' },
    ]);
    expect(decide(situation([], { running: runs('a', 1, true) }))).toEqual([]);
  });
});

describe('what has been acted upon', () => {
  it('is not acted upon again, nor are earlier attempts', () => {
    const taken = takenAssignments();
    taken.add(assignment({ id: 'a', attempt: 2 }));
    expect(taken.has(assignment({ id: 'a', attempt: 1 }))).toBe(true);
    expect(taken.has(assignment({ id: 'a', attempt: 2, since: 99 }))).toBe(true);
    expect(taken.has(assignment({ id: 'a', attempt: 3 }))).toBe(false);
    expect(taken.has(assignment({ id: 'b' }))).toBe(false);
  });

  it('may come again once it was handed back, by a later assignment of the same attempt', () => {
    const taken = takenAssignments();
    taken.add(assignment({ id: 'a', revision: 10 }));
    taken.release(assignment({ id: 'a', revision: 10 }));
    expect(taken.has(assignment({ id: 'a', revision: 10 }))).toBe(true);
    expect(taken.has(assignment({ id: 'a', revision: 11 }))).toBe(false);
  });

  it('is remembered up to a bound, the oldest forgotten first', () => {
    const taken = takenAssignments(2);
    for (const id of ['a', 'b', 'c']) taken.add(assignment({ id }));
    expect(['a', 'b', 'c'].map((id) => taken.has(assignment({ id })))).toEqual([false, true, true]);
  });
});

describe('whatever the ledger says and in whatever order attempts end', () => {
  const jobs = ['a', 'b', 'c', 'd'];
  /** What happens to a job: the ledger changes its mind, or its attempt ends. */
  const step = fc.record({
    job: fc.constantFrom(...jobs),
    what: fc.constantFrom('assign', 'reassign', 'cancel', 'remove', 'end', 'drain'),
  });

  it('no attempt runs twice, no job runs twice at once, and no slot is taken twice', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        (slots, steps) => {
          const mine = new Map<string, Assignment>();
          const running = new Map<string, { attempt: number; ending: boolean }>();
          const taken = takenAssignments();
          const started = new Set<string>();
          const attempts = new Map<string, number>();
          let draining = false;

          const carryOut = (decision: Decision) => {
            if (decision.type === 'abort') {
              const run = running.get(decision.job);
              expect(run?.ending).toBe(false);
              if (run) run.ending = true;
              return;
            }
            const { id, attempt } = decision.assignment;
            if (decision.type === 'release') taken.release(decision.assignment);
            else taken.add(decision.assignment);
            if (decision.type !== 'start') return;
            expect(draining).toBe(false);
            expect(running.has(id)).toBe(false);
            expect(started.has(`${id}.${attempt}`)).toBe(false);
            started.add(`${id}.${attempt}`);
            running.set(id, { attempt, ending: false });
          };
          const settle = () => {
            const now = {
              mine,
              running,
              isTaken: taken.has,
              isAnswered: () => true,
              slots,
              draining,
              handlerOf: () => handler,
            };
            for (const decision of decide(now)) carryOut(decision);
            expect(decide(now)).toEqual([]);
            expect(running.size).toBeLessThanOrEqual(slots);
          };
          const apply = {
            assign: (id: string) => {
              attempts.set(id, attempts.get(id) ?? 1);
              mine.set(id, assignment({ id, attempt: attempts.get(id) ?? 1 }));
            },
            reassign: (id: string) => {
              attempts.set(id, (attempts.get(id) ?? 0) + 1);
              mine.set(id, assignment({ id, attempt: attempts.get(id) ?? 1 }));
            },
            cancel: (id: string) => {
              const entry = mine.get(id);
              if (entry) mine.set(id, { ...entry, cancelRequested });
            },
            remove: (id: string) => mine.delete(id),
            end: (id: string) => running.delete(id),
            drain: () => {
              draining = true;
            },
          };
          for (const { job, what } of steps) {
            apply[what](job);
            settle();
            // What runs is what the ledger wants, or has been told to end.
            for (const [id, { attempt, ending }] of running) {
              const wanted = mine.get(id);
              expect(ending || (wanted?.attempt === attempt && !wanted.cancelRequested)).toBe(true);
            }
          }
          // Nothing waits while there is a free slot.
          if (running.size < slots) {
            for (const each of mine.values()) {
              expect(taken.has(each) || running.has(each.id)).toBe(true);
            }
          }
        },
      ),
    ));
});
