import type { JobEntry } from '../domain/job.js';
import type { JobResult } from '../domain/result.js';
import { DEADLINE } from './ending.js';

/**
 * Whether a result is one that its author may give: the dispatcher's of any job; a lifter's only of an attempt that the ledger gave to that
 * very process, now or before it vanished. What a lifter was never given, has handed back or reported as failed is not its own to end.
 */
export function mayEnd(
  { state, attempt, failures }: Pick<JobEntry, 'state' | 'attempt' | 'failures'>,
  result: Pick<JobResult, 'lifter' | 'attempt'>,
): boolean {
  const { lifter } = result;
  if (lifter === undefined) return true;
  if (state.type === 'assigned' && state.lifter === lifter && attempt === result.attempt)
    return true;
  return failures.some(
    (failure) =>
      failure.reason === 'stalled' &&
      failure.lifter === lifter &&
      failure.attempt === result.attempt,
  );
}

/** Whether a lifter may have published a result of the job that has not been heard of yet. */
export function mayHaveResult({ state, failures }: Pick<JobEntry, 'state' | 'failures'>): boolean {
  return state.type === 'assigned' || failures.some(({ reason }) => reason === 'stalled');
}

/**
 * The order in which results of the same job count that are read together, so that all who read them take the same one: the earlier attempt
 * first; of one attempt a lifter's before the dispatcher's, who gives its own only when it has heard of none.
 */
export function inOrderOfCounting<R extends Pick<JobResult, 'lifter' | 'attempt'>>(
  results: readonly R[],
): R[] {
  // A tilde comes after all that a JID begins with.
  const author = ({ lifter = '~' }: R) => lifter;
  return [...results].sort(
    (a, b) => a.attempt - b.attempt || (author(a) < author(b) ? -1 : Number(author(a) > author(b))),
  );
}

/** The result as it is told: a job that was ended because of its deadline has expired, whatever early lifters call it. */
export function asTold(entry: Pick<JobEntry, 'cancelRequested'>, result: JobResult): JobResult {
  const isByDeadline = entry.cancelRequested?.by === DEADLINE;
  return isByDeadline && result.status === 'cancelled' ? { ...result, status: 'expired' } : result;
}
