import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOwnTime, type JobEntry } from '../../src/index.js';
import { jobEntry } from '../helpers/arbitraries.js';
import { someEntry } from '../helpers/jobs.js';

const now = 1_000_000_000;
const hours = 3_600_000;
/** By the clock of the leader before. */
const theirs = now + 2 * hours;

const anew = (entry: JobEntry, at = now): JobEntry => ({ ...entry, ...inOwnTime(entry, at) });

describe('the times of a leader whose clock was two hours ahead', () => {
  it('make nothing wait longer than was meant: a start, a pause after a failure, a deadline', () => {
    const submitted = theirs - 10_000;
    const waits = { submitted, notBefore: theirs + 1_000, deadline: theirs + 9_000, asOf: theirs };
    expect(anew(someEntry(1, waits))).toMatchObject({
      notBefore: now + 1_000,
      deadline: now + 9_000,
      asOf: now,
    });
  });

  it('are known for what they are without saying by which clock they go, as older dispatchers write them', () => {
    const submitted = theirs;
    expect(anew(someEntry(1, { submitted, notBefore: theirs + 5_000 })).notBefore).toBe(
      now + 5_000,
    );
    const assigned = { type: 'assigned', lifter: 'lifter-1@x/a', since: theirs } as const;
    const given = someEntry(1, { submitted: 0, state: assigned, deadline: theirs + 7_000 });
    expect(anew(given)).toMatchObject({ deadline: now + 7_000, state: { since: now } });
  });

  it('do not keep a cancelled job from being ended, nor a lost one from being given anew', () => {
    const entry = someEntry(1, {
      state: { type: 'assigned', lifter: 'lifter-1@x/a', since: theirs },
      cancelRequested: { at: theirs, by: 'ada@x' },
    });
    expect(anew(entry)).toMatchObject({
      state: { since: now, lifter: 'lifter-1@x/a' },
      cancelRequested: { at: now, by: 'ada@x' },
    });
  });

  it('never make a job pause longer after a failure than pauses are', () => {
    const failure = {
      attempt: 1,
      reason: 'failed',
      lifter: 'lifter-1@x/a',
      at: 0,
      error: { class: 'Error', message: 'too heavy' },
    } as const;
    const paused = someEntry(1, { submitted: 0, notBefore: theirs, failures: [failure] });
    expect(anew(paused).notBefore).toBe(now + 300_000);
  });

  it('are taken over once: what the next leader finds has not changed for it', () =>
    fc.assert(
      fc.property(jobEntry, fc.nat(), fc.nat({ max: 1_000_000 }), (entry, at, later) => {
        const taken = anew(entry, at);
        expect(inOwnTime(taken, at)).toBeUndefined();
        expect(inOwnTime(taken, at + later)).toBeUndefined();
      }),
    ));
});

describe('the times of a leader whose clock was right', () => {
  it('are left as they are', () => {
    const times = { submitted: now - 9, notBefore: now + 30 * 24 * hours, asOf: now - 9 };
    expect(inOwnTime(someEntry(1, { ...times, deadline: now + hours }), now)).toBeUndefined();
    const { asOf: _, ...older } = times;
    expect(inOwnTime(someEntry(1, older), now)).toBeUndefined();
  });
});
