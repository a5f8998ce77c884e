/** How the end of an attempt is told. No I/O. */
import {
  type AttemptReport,
  type Instant,
  type JobResult,
  requesterKey,
  retryDecision,
} from '@heavylift/jobs';
import type { AbortReason, Assignment } from './assignments.js';
import { briefly } from './runner/errors.js';
import type { Outcome } from './runner/runner.js';

/** An attempt that is over. */
export interface EndedAttempt {
  readonly assignment: Assignment;
  readonly outcome: Outcome;
  /** Why it was aborted, if it was. */
  readonly reason?: AbortReason;
  /** None if it never ran. */
  readonly started?: Instant;
  readonly finished: Instant;
}

/** A terminal result for the `results` node, or an attempt report for `events`. */
export type Report = JobResult | AttemptReport;

export function isResult(report: Report): report is JobResult {
  return 'status' in report;
}

/** The report with the bare JID of who asked in it, if it is a result. */
export function withRequester(report: Report, { requester }: Assignment): Report {
  return isResult(report) ? { ...report, requester: requesterKey(requester) } : report;
}

/** @returns nothing if it is not this lifter's to tell */
export function reportOf(ended: EndedAttempt): Report | undefined {
  const { outcome, assignment } = ended;
  switch (outcome.type) {
    case 'succeeded':
      return { ...resultBase(ended), status: 'succeeded', value: outcome.value };
    case 'failed': {
      const { reason, error } = outcome;
      // When it is tried again is the dispatcher's to choose.
      const { retry } = retryDecision(assignment, error, 0);
      if (!retry) return { ...resultBase(ended), status: 'failed', error };
      return { ...attemptBase(ended), outcome: 'failed', reason, error: briefly(error) };
    }
    case 'released':
      return released(ended, outcome.reason);
    case 'aborted':
      return reportOfAborted(ended);
  }
}

function reportOfAborted(ended: EndedAttempt): Report | undefined {
  switch (ended.reason) {
    case 'cancelled':
    case 'expired':
      return { ...resultBase(ended), status: ended.reason };
    case 'draining':
      return released(ended, 'the lifter is shutting down');
    default:
      return undefined;
  }
}

function released(ended: EndedAttempt, note: string): Report {
  const { revision } = ended.assignment;
  return { ...attemptBase(ended), outcome: 'released', revision, note };
}

function resultBase({ assignment, started, finished }: EndedAttempt) {
  const { id, number, kind, attempt, state, submitted, failures } = assignment;
  return {
    job: id,
    number,
    kind,
    attempt,
    lifter: state.lifter,
    submitted,
    ...(started !== undefined && { started }),
    finished,
    failures,
  };
}

function attemptBase({ assignment, finished }: EndedAttempt) {
  const { id, attempt, state } = assignment;
  return { type: 'attempt', job: id, attempt, lifter: state.lifter, at: finished } as const;
}
