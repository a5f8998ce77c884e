import { describe, expect, it } from 'vitest';
import { type JobEntry, type LifterReport, reconcile } from '../../src/index.js';
import { idOf, someEntry } from '../helpers/jobs.js';

const options = { now: 100_000, graceMs: 10_000, settleMs: 2_000, leadingSince: 0 };
const lifter = 'lifter-1@x/one.a1';

function runningSince(since: number, more: Partial<JobEntry> = {}): JobEntry {
  return someEntry(1, { state: { type: 'assigned', lifter, since }, attempt: 2, ...more });
}

function there(at: number, ...running: { id: string; attempt: number }[]): LifterReport {
  return { jid: lifter, announced: { at, running } };
}

describe('the ledger compared with what lifters say they run', () => {
  it('agrees: nothing to do', () => {
    const report = there(99_000, { id: idOf(1), attempt: 2 });
    expect(reconcile([runningSince(1_000), someEntry(2)], [report], options)).toStrictEqual({
      republish: [],
      stalled: [],
    });
  });

  it('a job that its lifter does not run was lost on the way: write it anew', () => {
    const job = runningSince(1_000);
    expect(reconcile([job], [there(99_000)], options).republish).toStrictEqual([job]);
  });

  it('so was a job of which the lifter runs an earlier attempt', () => {
    const job = runningSince(1_000);
    const report = there(99_000, { id: job.id, attempt: 1 });
    expect(reconcile([job], [report], options)).toStrictEqual({
      republish: [job],
      stalled: [],
    });
  });

  it('what the lifter said before the job could have reached it proves nothing', () => {
    expect(reconcile([runningSince(98_000)], [there(99_999)], options).republish).toStrictEqual([]);
    expect(reconcile([runningSince(1_000)], [{ jid: lifter }], options).republish).toStrictEqual(
      [],
    );
  });

  it('jobs of a lifter that is gone stall after the grace time, not before', () => {
    const job = runningSince(1_000);
    const gone = (goneSince: number) => [{ ...there(99_000), goneSince }];
    expect(reconcile([job], gone(90_001), options).stalled).toStrictEqual([]);
    expect(reconcile([job], gone(90_000), options).stalled).toStrictEqual([job]);
  });

  it('a lifter never heard of is gone since this dispatcher leads', () => {
    const job = runningSince(1_000);
    const stalledBy = (leadingSince: number) =>
      reconcile([job], [], { ...options, leadingSince }).stalled;
    expect(stalledBy(95_000)).toStrictEqual([]);
    expect(stalledBy(90_000)).toStrictEqual([job]);
  });
});
