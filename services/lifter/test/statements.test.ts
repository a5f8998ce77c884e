import { describe, expect, it } from 'vitest';
import { type Report, reportOf } from '../src/reports.js';
import { createStatements, type LedgerNews } from '../src/statements.js';
import { assignment } from './support/assignment.js';

const news = (more: Partial<LedgerNews> = {}): LedgerNews => ({
  changed: [],
  gone: [],
  newEpoch: false,
  isReread: false,
  ...more,
});

const order = assignment({ id: 'a', revision: 3 });

function said(outcome: 'succeeded' | 'failed'): Report {
  const report = reportOf({
    assignment: order,
    outcome:
      outcome === 'succeeded'
        ? { type: 'succeeded', value: null }
        : { type: 'failed', reason: 'failed', error: { class: 'Error', message: 'no' } },
    finished: 9,
  });
  if (!report) throw new Error('nothing to say');
  return report;
}

function statementOf(report: Report) {
  const statements = createStatements();
  statements.add(order, report);
  const repeated = (current: typeof order | undefined, more: Partial<LedgerNews> = {}) =>
    statements.toRepeat(
      news({ ...(current ? { changed: [current] } : { gone: [order.id] }), ...more }),
      new Map(current && [[current.id, current]]),
    );
  return { statements, repeated };
}

describe('a report, which is gone once it has been said', () => {
  it('is repeated to every new dispatcher, and after every break', () => {
    const report = said('failed');
    const { statements, repeated } = statementOf(report);
    statements.confirmed(report);
    expect(repeated(order)).toEqual([]);
    expect(repeated(order, { newEpoch: true })).toEqual([report]);
    statements.confirmed(report);
    expect(repeated(order, { isReread: true })).toEqual([report]);
  });

  it('is not repeated while it is still being published', () => {
    const { repeated } = statementOf(said('failed'));
    expect(repeated(order, { newEpoch: true })).toEqual([]);
  });

  it('is forgotten when the ledger shows that it was heard', () => {
    const report = said('failed');
    const { statements, repeated } = statementOf(report);
    statements.confirmed(report);
    expect(repeated(assignment({ id: 'a', attempt: 2, revision: 4 }))).toEqual([]);
    expect(repeated(order, { newEpoch: true })).toEqual([]);
  });
});

it('a job that was handed back and comes again is no question, but a new order', () => {
  const report = reportOf({
    assignment: order,
    outcome: { type: 'released', reason: 'full' },
    finished: 9,
  });
  if (!report) throw new Error('nothing to say');
  const { statements, repeated } = statementOf(report);
  statements.confirmed(report);
  expect(repeated(order, { newEpoch: true })).toEqual([report]);
  statements.confirmed(report);
  expect(repeated(assignment({ id: 'a', revision: 4 }))).toEqual([]);
  expect(statements.isOf('a', 1)).toBe(false);
});

it('a job counts as not told until the server has confirmed it', () => {
  const result = said('succeeded');
  const { statements } = statementOf(result);
  expect(statements.unconfirmed).toEqual([{ id: 'a', attempt: 1 }]);
  statements.confirmed(result);
  expect(statements.unconfirmed).toEqual([]);
});

describe('a result, which stays to be read', () => {
  it('is not repeated to a new dispatcher or after a break', () => {
    const result = said('succeeded');
    const { statements, repeated } = statementOf(result);
    statements.confirmed(result);
    expect(repeated(order, { newEpoch: true, isReread: true })).toEqual([]);
  });

  it('answers the same order when it is given anew, once', () => {
    const result = said('succeeded');
    const { statements, repeated } = statementOf(result);
    statements.confirmed(result);
    const anew = assignment({ id: 'a', revision: 4 });
    expect(repeated(anew)).toEqual([result]);
    statements.confirmed(result);
    expect(repeated(anew)).toEqual([]);
  });

  it('is no answer to a request to cancel that has crossed it', () => {
    const result = said('succeeded');
    const { statements, repeated } = statementOf(result);
    statements.confirmed(result);
    const cancelRequested = { at: 0, by: 'you@localhost' };
    expect(repeated(assignment({ id: 'a', revision: 4, cancelRequested }))).toEqual([]);
  });

  it('is forgotten when the job is gone', () => {
    const result = said('succeeded');
    const { statements, repeated } = statementOf(result);
    statements.confirmed(result);
    expect(repeated(undefined)).toEqual([]);
    expect(repeated(assignment({ id: 'a', revision: 9 }))).toEqual([]);
  });
});
