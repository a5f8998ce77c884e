import { describe, expect, it } from 'vitest';
import { type EndedAttempt, reportOf, withRequester } from '../src/reports.js';
import type { Outcome } from '../src/runner/runner.js';
import { assignment, me } from './support/assignment.js';

function report(outcome: Outcome, more: Partial<EndedAttempt> = {}) {
  return reportOf({
    assignment: assignment({ id: 'a', number: 7 }),
    outcome,
    started: 10,
    finished: 20,
    ...more,
  });
}

const error = { class: 'RangeError', message: 'out of reach' };
const failed = { type: 'failed', reason: 'failed', error } as const;

describe('a terminal result', () => {
  const base = {
    job: 'a',
    number: 7,
    kind: 'lift',
    attempt: 1,
    lifter: me,
    submitted: 0,
    started: 10,
    finished: 20,
    failures: [],
  };

  it('tells a success, without who asked', () => {
    const result = report({ type: 'succeeded', value: { lifted: 5 } });
    expect(result).toEqual({ ...base, status: 'succeeded', value: { lifted: 5 } });
  });

  it('tells a failure that the handler calls final', () => {
    const final = { ...error, final: true };
    expect(report({ ...failed, error: final })).toEqual({
      ...base,
      status: 'failed',
      error: final,
    });
  });

  it('tells the failure of the last attempt; stalls are not among the attempts', () => {
    const last = assignment({ id: 'a', number: 7, attempt: 3, maxAttempts: 3 });
    expect(report(failed, { assignment: last })).toMatchObject({ status: 'failed', attempt: 3 });
    const stalled = { ...last, stalls: 1 };
    expect(report(failed, { assignment: stalled })).toMatchObject({ type: 'attempt' });
  });

  it('tells what was cancelled, with no start if it never ran', () => {
    const aborted = { type: 'aborted' } as const;
    expect(report(aborted, { reason: 'cancelled' })).toEqual({ ...base, status: 'cancelled' });
    expect(report(aborted, { reason: 'expired' })).toEqual({ ...base, status: 'expired' });
  });
});

describe('a report of an attempt', () => {
  const base = { type: 'attempt', job: 'a', attempt: 1, lifter: me, at: 20 };

  it('tells a failure after which the job may be tried again', () => {
    expect(report(failed)).toEqual({ ...base, outcome: 'failed', reason: 'failed', error });
  });

  it('hands back what the handler or the end of the lifter released', () => {
    expect(report({ type: 'released', reason: 'no scanner here' })).toEqual({
      ...base,
      outcome: 'released',
      revision: 1,
      note: 'no scanner here',
    });
    expect(report({ type: 'aborted' }, { reason: 'draining' })).toEqual({
      ...base,
      outcome: 'released',
      revision: 1,
      note: 'the lifter is shutting down',
    });
  });
});

it('nothing is said of a job that is no longer this lifter’s', () => {
  expect(report({ type: 'aborted' }, { reason: 'lost' })).toBeUndefined();
});

it('a result says who asked where that is wanted, a report of an attempt never does', () => {
  const asked = assignment({ id: 'a', requester: { jid: 'ada@x/phone', messageType: 'chat' } });
  const result = report({ type: 'succeeded', value: null });
  const handedBack = report({ type: 'released', reason: 'full' });
  if (result === undefined || handedBack === undefined) throw new Error('nothing to report');
  expect(withRequester(result, asked)).toEqual({ ...result, requester: 'ada@x' });
  expect(withRequester(handedBack, asked)).toEqual(handedBack);
});
