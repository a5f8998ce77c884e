import type { JobResult } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { announcement, office, one, two } from './support/office.js';

/** What lifters publish; what the dispatcher does, the office collects. */
function crossing() {
  const stage = office();
  const { scheduler, ledger } = stage;
  function resultOf(id: string, more: Partial<JobResult> = {}): JobResult {
    const entry = ledger.get(id);
    if (entry === undefined) throw new Error(`no job ${id}`);
    const { number, kind, attempt, submitted } = entry;
    const lifter = entry.state.type === 'assigned' ? { lifter: entry.state.lifter } : {};
    const base = { job: id, number, kind, attempt, submitted, finished: 0, failures: [] };
    return { ...base, ...lifter, status: 'succeeded', value: 1, ...more } as JobResult;
  }
  /** A running job that was cancelled, and whose lifter says that it does not run it any more. */
  function cancelled(): string {
    scheduler.announced(one, announcement());
    const { id } = stage.submit();
    scheduler.cancel(id, 'ada@x');
    return id;
  }
  return { ...stage, resultOf, cancelled };
}

describe('a cancellation that crosses the end of the job', () => {
  it('gives way to the lifter’s result, if that comes first in the node', () => {
    const { scheduler, cancelled, resultOf, ended, pass } = crossing();
    const job = cancelled();
    const success = resultOf(job);
    pass(10_000);
    expect(ended).toMatchObject([{ job, status: 'cancelled' }]);
    expect(scheduler.outcome(job)).toBeUndefined();
    for (const result of [success, ...ended]) scheduler.ended(result);
    expect(scheduler.outcome(job)?.status).toBe('succeeded');
    expect(scheduler.counts().busy).toBe(0);
  });

  it('counts, if it comes first itself', () => {
    const { scheduler, cancelled, resultOf, ended, pass } = crossing();
    const job = cancelled();
    const success = resultOf(job);
    pass(10_000);
    for (const result of [...ended, success]) scheduler.ended(result);
    expect(scheduler.outcome(job)?.status).toBe('cancelled');
  });

  it('counts a while after the node has it, should its event be lost', () => {
    const { scheduler, cancelled, ended, pass } = crossing();
    const job = cancelled();
    pass(10_000);
    pass(60_000);
    expect(scheduler.outcome(job)).toBeUndefined();
    scheduler.published(job);
    pass(2_000);
    expect(scheduler.outcome(job)?.status).toBe('cancelled');
    expect(ended).toHaveLength(1);
    expect(scheduler.counts()).toMatchObject({ busy: 0, waiting: 0 });
  });
});

describe('a result', () => {
  it('counts only from a lifter that the entry, or a stall of it, names', () => {
    const { scheduler, submit, resultOf, pass } = crossing();
    scheduler.announced(one, announcement());
    const { id: job } = submit();
    scheduler.ended(resultOf(job, { lifter: two }));
    scheduler.ended(resultOf(job, { lifter: `${one}.earlier` }));
    scheduler.ended(resultOf(job, { attempt: 2 }));
    expect(scheduler.outcome(job)).toBeUndefined();
    const late = resultOf(job);
    scheduler.left(one);
    scheduler.announced(two, announcement());
    pass(5_000);
    scheduler.ended(late);
    expect(scheduler.outcome(job)).toMatchObject({ status: 'succeeded', lifter: one });
  });

  it('does not count from a lifter that has handed the job back, or said that it failed', () => {
    const { scheduler, submit, resultOf, fail } = crossing();
    scheduler.announced(one, announcement());
    const [first, second] = [submit().id, submit().id];
    const late = [resultOf(first), resultOf(second)];
    const report = { type: 'attempt', job: first, attempt: 1, lifter: one, at: 0 } as const;
    scheduler.reported({ ...report, outcome: 'released' }, one);
    fail(second);
    for (const result of late) scheduler.ended(result);
    expect([first, second].map(scheduler.outcome)).toEqual([undefined, undefined]);
  });

  it('of a job that was running at its deadline is "expired", whatever its lifter calls it', () => {
    const { scheduler, submit, resultOf, ledger, pass } = crossing();
    scheduler.announced(one, announcement());
    const { id: job } = submit({ deadline: 1_001_000 });
    pass(1_000);
    expect(ledger.get(job)?.cancelRequested?.by).toBe('deadline');
    scheduler.ended(resultOf(job, { status: 'cancelled' }));
    expect(scheduler.outcome(job)?.status).toBe('expired');
  });
});

describe('a job under which lifters keep vanishing', () => {
  it('is no lifter’s any more when it has failed: one that comes back withholds what it has', () => {
    const { scheduler, ledger, submit, ended, pass } = crossing();
    const { id: job } = submit();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      scheduler.announced(`lifter-1@x/${name}`, announcement());
      scheduler.left(`lifter-1@x/${name}`);
      pass(5_000);
    }
    expect(ledger.get(job)?.state).toEqual({ type: 'pending' });
    for (const result of ended) scheduler.ended(result);
    scheduler.announced(one, announcement());
    pass(1_000);
    expect(scheduler.outcome(job)).toMatchObject({ status: 'failed', failures: { length: 5 } });
    expect(ledger.get(job)?.state).toEqual({ type: 'pending' });
  });
});
