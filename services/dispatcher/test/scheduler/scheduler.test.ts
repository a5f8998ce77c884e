import {
  type JobResult,
  type LifterAnnouncement,
  makeJobId,
  type NewJob,
  openLedger,
} from '@heavylift/jobs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistory } from '../../src/scheduler/history.js';
import { createScheduler } from '../../src/scheduler/scheduler.js';

const announcement = (changes: Partial<LifterAnnouncement> = {}): LifterAnnouncement => ({
  version: '1',
  slots: 2,
  busy: 0,
  draining: false,
  handlers: ['lift'],
  running: [],
  ...changes,
});

const [one, two] = ['lifter-1@x/lifter-1.a', 'lifter-2@x/lifter-2.b'];

/** A scheduler over a ledger of its own, at a time that only the test moves on. */
function office() {
  let now = 1_000_000;
  let made = 0;
  const ledger = openLedger({ epoch: 1, items: [] });
  const ended: JobResult[] = [];
  const scheduler = createScheduler({
    ledger,
    graceMs: 5_000,
    cancelGraceMs: 10_000,
    limits: () => ({}),
    now: () => now,
    random: () => 1 - Number.EPSILON,
    onChange: () => undefined,
    history: createHistory(),
    onEnd: (result) => ended.push(result),
    onOutcome: () => undefined,
    onGone: () => undefined,
    onNote: () => undefined,
  });
  const submit = (changes: Partial<NewJob> = {}) => {
    made += 1;
    return scheduler.submit({
      id: makeJobId(now, new Uint8Array([0, 0, 0, 0, 0, made >> 8, made, 0, 0, 0])),
      kind: 'lift',
      args: {},
      requester: { jid: 'ada@x/phone', messageType: 'chat' },
      submitted: now,
      timeoutMs: 60_000,
      priority: 0,
      attempt: 1,
      maxAttempts: 3,
      stalls: 0,
      target: { type: 'any' },
      failures: [],
      state: { type: 'pending' },
      ...changes,
    });
  };
  return {
    scheduler,
    ledger,
    ended,
    submit,
    pass(ms: number) {
      now += ms;
      scheduler.tick();
    },
    /** Who has the job; undefined while it waits, or when it is gone. */
    lifterOf(id: string) {
      const state = ledger.get(id)?.state;
      return state?.type === 'assigned' ? state.lifter : undefined;
    },
    succeed(id: string) {
      const entry = ledger.get(id);
      if (entry === undefined) throw new Error(`no job ${id}`);
      const { number, kind, attempt, submitted } = entry;
      const base = { job: id, number, kind, attempt, submitted, finished: now, failures: [] };
      scheduler.ended({ ...base, status: 'succeeded', value: null });
    },
    fail(id: string, final = false) {
      const entry = ledger.get(id);
      if (entry?.state.type !== 'assigned') throw new Error(`job ${id} does not run`);
      const { lifter } = entry.state;
      const error = { class: 'Error', message: 'too heavy', final };
      const report = { type: 'attempt', job: id, attempt: entry.attempt, lifter, at: now } as const;
      scheduler.reported({ ...report, outcome: 'failed', reason: 'failed', error }, lifter);
    },
  };
}

describe('giving jobs to lifters', () => {
  it('gives a job to the least loaded lifter that knows how', () => {
    const { scheduler, submit, lifterOf } = office();
    scheduler.announced(one, announcement());
    scheduler.announced(two, announcement());
    const jobs = [1, 2, 3, 4].map(() => submit().id);
    expect(jobs.map(lifterOf).sort()).toEqual([one, one, two, two]);
  });

  it('lets a job wait, and says for what', () => {
    const { scheduler, submit } = office();
    const job = submit().id;
    expect(scheduler.waitsFor(job)).toBe('for a lifter that knows "lift"; none is there');
    scheduler.announced(one, announcement({ handlers: ['dance'] }));
    expect(scheduler.waitsFor(job)).toBe('for a lifter that knows "lift"; none is there');
    scheduler.announced(one, announcement({ slots: 1, draining: true }));
    expect(scheduler.waitsFor(job)).toBe(
      'for another lifter: those that know this job are shutting down',
    );
    scheduler.announced(one, announcement({ slots: 1 }));
    expect(scheduler.waitsFor(job)).toBeUndefined();
    expect(scheduler.waitsFor(submit().id)).toBe('for a free slot, with 0 waiting before it');
    const later = submit({ notBefore: 1_060_000 }).id;
    expect(scheduler.waitsFor(later)).toBe('for its start in 60 s');
    const named = submit({ target: { type: 'lifter', name: 'lifter-9' } }).id;
    expect(scheduler.waitsFor(named)).toBe(
      'for the lifter "lifter-9", which is not there or does not know this job',
    );
  });

  it('takes the highest priority first, and there the oldest', () => {
    const { scheduler, submit, lifterOf, succeed } = office();
    const [first, second, urgent] = [submit().id, submit().id, submit({ priority: 5 }).id];
    scheduler.announced(one, announcement({ slots: 1 }));
    expect(lifterOf(urgent)).toBe(one);
    succeed(urgent);
    expect(lifterOf(first)).toBe(one);
    succeed(first);
    expect(lifterOf(second)).toBe(one);
  });

  it('does not let a job that nobody can run hold up the others', () => {
    const { scheduler, submit, lifterOf } = office();
    submit({ kind: 'dance' });
    const job = submit().id;
    scheduler.announced(one, announcement());
    expect(lifterOf(job)).toBe(one);
  });

  it('runs a delayed job when its time has come', () => {
    const { scheduler, submit, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit({ notBefore: 1_010_000 }).id;
    pass(9_999);
    expect(lifterOf(job)).toBeUndefined();
    pass(1);
    expect(lifterOf(job)).toBe(one);
  });

  it('never idles a slot while a job that may run waits (promise 3)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('submit', 'succeed', 'fail', 'join', 'leave', 'pass'), {
          maxLength: 60,
        }),
        (acts) => {
          const { scheduler, ledger, submit, succeed, fail, pass } = office();
          scheduler.announced(one, announcement());
          for (const act of acts) {
            const running = [...ledger.entries()].find(({ state }) => state.type === 'assigned');
            if (act === 'submit') submit();
            if (act === 'join') scheduler.announced(two, announcement());
            if (act === 'leave') scheduler.left(two);
            if (act === 'pass') pass(6_000);
            if (act === 'succeed' && running !== undefined) {
              succeed(running.id);
              scheduler.told(running.id);
            }
            if (act === 'fail' && running !== undefined) fail(running.id, true);
            const { slots, busy, waiting } = scheduler.counts();
            expect(busy).toBeLessThanOrEqual(slots);
            if (waiting > 0) expect(busy).toBe(slots);
          }
        },
      ),
    );
  });
});

describe('when an attempt comes to nothing', () => {
  it('tries again after a while, and keeps what went wrong', () => {
    const { scheduler, ledger, submit, fail, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    fail(job);
    expect(lifterOf(job)).toBeUndefined();
    pass(1_000);
    expect(lifterOf(job)).toBe(one);
    expect(ledger.get(job)).toMatchObject({
      attempt: 2,
      failures: [{ attempt: 1, reason: 'failed', error: { message: 'too heavy' } }],
    });
  });

  it('ends the job when its attempts are used up, or the handler says that it is of no use', () => {
    const { scheduler, submit, fail, pass, ended } = office();
    scheduler.announced(one, announcement());
    const [patient, hopeless] = [submit({ maxAttempts: 2 }).id, submit().id];
    fail(hopeless, true);
    fail(patient);
    pass(1_000);
    fail(patient);
    expect(
      ended.map(({ job, status, failures }) => ({ job, status, before: failures.length })),
    ).toEqual([
      { job: hopeless, status: 'failed', before: 0 },
      { job: patient, status: 'failed', before: 1 },
    ]);
  });

  it('does not count a job that was handed back', () => {
    const { scheduler, ledger, submit, lifterOf } = office();
    scheduler.announced(one, announcement({ slots: 1 }));
    const job = submit().id;
    scheduler.announced(one, announcement({ slots: 1, draining: true }));
    scheduler.announced(two, announcement());
    const report = {
      type: 'attempt',
      job,
      attempt: 1,
      lifter: one,
      at: 0,
      outcome: 'released',
    } as const;
    scheduler.reported(report, one);
    expect(lifterOf(job)).toBe(two);
    expect(ledger.get(job)).toMatchObject({ attempt: 1, stalls: 0, failures: [] });
  });

  it('believes a report only from the lifter that has the job, on the present attempt', () => {
    const { scheduler, ledger, submit } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    const report = {
      type: 'attempt',
      job,
      attempt: 1,
      lifter: two,
      at: 0,
      outcome: 'released',
    } as const;
    scheduler.reported(report, two);
    scheduler.reported({ ...report, lifter: one }, two);
    scheduler.reported({ ...report, lifter: one, attempt: 2 }, one);
    expect(ledger.get(job)?.state.type).toBe('assigned');
  });
});

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

describe('the end of a job', () => {
  it('frees the slot when the result is there, and lets the entry go when the requester is told', () => {
    const { scheduler, ledger, submit, succeed } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    succeed(job);
    expect(scheduler.counts()).toMatchObject({ busy: 0, waiting: 0 });
    expect(ledger.get(job)).toBeDefined();
    scheduler.told(job);
    expect(ledger.get(job)).toBeUndefined();
  });

  it('lets the first outcome count', () => {
    const { scheduler, ledger, submit, succeed, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    succeed(job);
    succeed(job);
    scheduler.left(one);
    pass(10_000);
    expect(ledger.get(job)).toMatchObject({ attempt: 1, stalls: 0 });
  });

  it('is "expired" for a job whose deadline passes while it waits', () => {
    const { submit, pass, ended } = office();
    submit({ deadline: 1_002_000 });
    pass(2_000);
    pass(2_000);
    expect(ended.map(({ status }) => status)).toEqual(['expired']);
  });
});
