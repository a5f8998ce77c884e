/** Lifters that do not do what they were given. */
import { describe, expect, it } from 'vitest';
import { announcement, office, one, two } from './support/office.js';

describe('when a lifter vanishes', () => {
  it('waits for it to come back', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    scheduler.announced(two, announcement({ slots: 0 }));
    const job = submit().id;
    scheduler.left(one);
    pass(4_999);
    scheduler.announced(one, announcement({ running: [{ id: job, attempt: 1 }] }));
    pass(10_000);
    expect(lifterOf(job)).toBe(one);
    expect(ledger.get(job)?.stalls).toBe(0);
  });

  it('gives its jobs to others after the grace time, as a stall and not as a failure', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit({ maxAttempts: 1 }).id;
    scheduler.left(one);
    scheduler.announced(two, announcement());
    pass(5_000);
    expect(lifterOf(job)).toBe(two);
    expect(ledger.get(job)).toMatchObject({
      attempt: 2,
      stalls: 1,
      failures: [{ reason: 'stalled' }],
    });
  });

  it('counts no stall if it had shut down in order, and its handing back was not heard', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.announced(one, announcement({ draining: true, running: [] }));
    scheduler.left(one);
    scheduler.announced(two, announcement());
    pass(5_000);
    expect(lifterOf(job)).toBe(two);
    expect(ledger.get(job)).toMatchObject({ attempt: 1, stalls: 0, failures: [] });
  });

  it('gives up on a job under which lifters keep vanishing', () => {
    const { scheduler, submit, pass, ended } = office();
    submit();
    for (const lifter of ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `lifter-1@x/${name}`)) {
      scheduler.announced(lifter, announcement());
      scheduler.left(lifter);
      pass(5_000);
    }
    expect(ended).toMatchObject([{ status: 'failed', error: { class: 'Stalled' } }]);
  });
});

describe('when a lifter is there and does not run what it was given', () => {
  it('writes the job anew for it, once in a while, at no cost of an attempt', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const { id } = submit();
    const givenAt = () => {
      const state = ledger.get(id)?.state;
      return state?.type === 'assigned' ? state.since : undefined;
    };
    const first = givenAt();
    // It takes a while until a lifter has heard of a job, and until it says that it runs.
    pass(4_000);
    scheduler.announced(one, announcement({ running: [] }));
    expect(givenAt()).toBe(first);
    pass(4_000);
    scheduler.announced(one, announcement({ running: [] }));
    pass(250);
    const second = givenAt();
    expect(second).toBeGreaterThan(first ?? 0);
    expect(lifterOf(id)).toBe(one);
    expect(ledger.get(id)).toMatchObject({ attempt: 1, stalls: 0 });
    scheduler.announced(one, announcement({ running: [{ id, attempt: 1 }] }));
    pass(20_000);
    expect(givenAt()).toBe(second);
  });
});

describe('a job that a lifter hands back', () => {
  const release = (job: string, lifter: string) =>
    ({ type: 'attempt', job, attempt: 1, lifter, at: 0, outcome: 'released' }) as const;

  it('goes to another', () => {
    const { scheduler, submit, lifterOf } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.announced(two, announcement({ busy: 1 }));
    scheduler.reported(release(job, one), one);
    expect(lifterOf(job)).toBe(two);
  });

  it('does not come back to it at once though all others are full, and goes to the first that is not', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.announced(two, announcement({ slots: 0 }));
    scheduler.reported(release(job, one), one);
    expect(lifterOf(job)).toBeUndefined();
    pass(250);
    expect(lifterOf(job)).toBeUndefined();
    scheduler.announced(two, announcement({ slots: 1 }));
    pass(250);
    expect(lifterOf(job)).toBe(two);
    expect(ledger.get(job)).toMatchObject({ attempt: 1, stalls: 0 });
  });

  it('is not taken from a lifter by what it said of the time before', () => {
    const { scheduler, ledger, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const { id, revision } = submit();
    const first = { ...release(id, one), revision };
    scheduler.reported(first, one);
    pass(1_000);
    expect(lifterOf(id)).toBe(one);
    const second = ledger.get(id)?.revision ?? 0;
    scheduler.reported({ ...first, revision: second + 1 }, one);
    expect(lifterOf(id)).toBe(one);
    scheduler.reported({ ...first, revision: second }, one);
    expect(lifterOf(id)).toBeUndefined();
  });

  it('comes back to it after a while if there is no other', () => {
    const { scheduler, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.reported(release(job, one), one);
    expect(lifterOf(job)).toBeUndefined();
    expect(scheduler.waitsFor(job)).toBe('for another try in 1 s: a lifter handed it back');
    pass(1_000);
    expect(lifterOf(job)).toBe(one);
  });
});
