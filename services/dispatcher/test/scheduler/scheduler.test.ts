import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcement, office, one, two } from './support/office.js';

describe('telling what it does', () => {
  it('tells of every job that it gives, and of every attempt that is to be made anew', () => {
    const { submit, scheduler, fail, told } = office();
    const id = submit().id;
    expect(told).toEqual([]);
    scheduler.announced(one, announcement());
    fail(id);
    expect(told).toEqual([
      ['given', id, 1],
      ['retried', id, 1, 'failed'],
    ]);
    fail(submit().id, true);
    expect(told.slice(2).map(([what]) => what)).toEqual(['given']);
  });
});

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

describe('the end of a job', () => {
  it('whose requester is not told for long is said again, now and then', () => {
    const { scheduler, submit, succeed, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    succeed(job);
    expect(scheduler.untoldFor(60_000)).toEqual([]);
    pass(60_000);
    expect(scheduler.untoldFor(60_000)).toMatchObject([{ job, status: 'succeeded' }]);
    expect(scheduler.untoldFor(60_000)).toEqual([]);
    pass(60_000);
    scheduler.told(job);
    expect(scheduler.untoldFor(60_000)).toEqual([]);
  });

  it('comes when it has failed so often that its failures fit no sheet', () => {
    const { scheduler, ledger, submit, ended, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit({ maxAttempts: 1_000 }).id;
    for (let attempt = 1; attempt <= 200 && ended.length === 0; attempt += 1) {
      const entry = ledger.get(job);
      if (entry?.state.type !== 'assigned') throw new Error(`attempt ${attempt} does not run`);
      const error = { class: 'Error', message: '<'.repeat(1_000) };
      const report = { type: 'attempt', job, attempt, lifter: one, at: 0 } as const;
      scheduler.reported({ ...report, outcome: 'failed', reason: 'failed', error }, one);
      scheduler.announced(one, announcement());
      pass(300_000);
    }
    expect(ended).toMatchObject([{ job, status: 'failed' }]);
    expect(scheduler.counts()).toMatchObject({ busy: 0, waiting: 0 });
  });

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

describe('limits', () => {
  it('keep so many of a kind and of a requester from running at once', () => {
    const { scheduler, submit, lifterOf, succeed } = office({
      runningOfKind: { lift: 2 },
      runningOfRequester: 1,
    });
    scheduler.announced(one, announcement({ slots: 9 }));
    const ada = { jid: 'ada@x/phone', messageType: 'chat' } as const;
    const bob = { jid: 'bob@x/phone', messageType: 'chat' } as const;
    const eve = { jid: 'eve@x/phone', messageType: 'chat' } as const;
    const jobs = [ada, ada, bob, eve].map((requester) => submit({ requester }).id);
    expect(jobs.map(lifterOf)).toEqual([one, undefined, one, undefined]);
    expect(scheduler.waitsFor(jobs[3] ?? '')).toBe(
      'for a running "lift" to end: 2 at once are allowed',
    );
    expect(scheduler.openOf('ada@x')).toBe(2);
    succeed(jobs[0] ?? '');
    expect(jobs.map(lifterOf).slice(1)).toEqual([one, one, undefined]);
  });
});

describe('cancelling', () => {
  it('ends a job that waits', () => {
    const { scheduler, submit, ended } = office();
    const job = submit().id;
    expect(scheduler.cancel(job, 'ada@x')).toBe('cancelled');
    expect(ended).toMatchObject([{ job, status: 'cancelled' }]);
    expect(scheduler.cancel(job, 'ada@x')).toBe('over');
  });

  it('asks the lifter of a job that runs, and ends it if there is no answer', () => {
    const { scheduler, ledger, submit, ended, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    expect(scheduler.cancel(job, 'ada@x')).toBe('requested');
    expect(ledger.get(job)).toMatchObject({ cancelRequested: { by: 'ada@x' } });
    expect(ended).toEqual([]);
    pass(10_000);
    expect(ended).toMatchObject([{ job, status: 'cancelled' }]);
  });

  it('never ends a job that its lifter says it runs, however long its cancel grace is', () => {
    const { scheduler, submit, ended, pass } = office();
    const runs = (job: string) => announcement({ running: [{ id: job, attempt: 1 }] });
    scheduler.announced(one, announcement());
    const job = submit({ uniqueKey: '["north"]' }).id;
    scheduler.announced(one, runs(job));
    scheduler.cancel(job, 'ada@x');
    for (let second = 0; second < 60; second++) pass(1_000);
    expect(ended).toEqual([]);
    expect(scheduler.openJobs.withKey('lift', '["north"]')).toBe(job);
    scheduler.announced(one, announcement());
    pass(1_000);
    expect(ended).toMatchObject([{ job, status: 'cancelled' }]);
  });

  it('does not end it in the next term either, before the lifter has said what it runs', () => {
    const { scheduler, submit, ended, pass, nextTerm } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.announced(one, announcement({ running: [{ id: job, attempt: 1 }] }));
    scheduler.cancel(job, 'ada@x');
    pass(20_000);
    const next = nextTerm();
    next.tick();
    expect(ended).toEqual([]);
    next.announced(one, announcement({ running: [{ id: job, attempt: 1 }] }));
    next.tick();
    expect(ended).toEqual([]);
  });

  it('ends it when its lifter is gone for good', () => {
    const { scheduler, submit, ended, pass } = office();
    scheduler.announced(one, announcement());
    const job = submit().id;
    scheduler.announced(one, announcement({ running: [{ id: job, attempt: 1 }] }));
    scheduler.cancel(job, 'ada@x');
    pass(20_000);
    scheduler.left(one);
    for (let second = 0; second < 7; second++) pass(1_000);
    expect(ended).toMatchObject([{ job, status: 'cancelled' }]);
  });
});

describe('what people and programs ask for', () => {
  it('finds open jobs by number, by unique key and by the message that brought them', () => {
    const { scheduler, submit, succeed } = office();
    scheduler.announced(one, announcement());
    const requester = { jid: 'ada@x/phone', messageType: 'chat', messageId: 'm1' } as const;
    const { id, number } = submit({ requester, uniqueKey: '["a"]' });
    const { openJobs } = scheduler;
    expect(openJobs.withNumber(number)).toBe(id);
    expect(openJobs.withKey('lift', '["a"]')).toBe(id);
    succeed(id);
    scheduler.told(id);
    expect(openJobs.withNumber(number)).toBeUndefined();
    expect(openJobs.withKey('lift', '["a"]')).toBeUndefined();
    expect(openJobs.ofRequest(id, 1_000_000 + 599_999)).toEqual({ id, number });
    expect(openJobs.ofRequest(id, 1_000_000 + 600_000)).toBeUndefined();
  });
});
