import type { Instant, JobEntry } from '../domain/job.js';

/** What has to be done about a job's deadline and about a request to cancel it. */
export type EndDecision =
  /** Nothing before `until`, if there is such a time. */
  | { readonly do: 'nothing'; readonly until?: Instant }
  /** The deadline has passed while it runs: write a cancel request by `deadline`. */
  | { readonly do: 'request-cancel'; readonly by: typeof DEADLINE }
  /** Publish this result, for no lifter will. */
  | { readonly do: 'end'; readonly status: 'cancelled' | 'expired' };

/** Who asked for the cancellation, if nobody did. */
export const DEADLINE = 'deadline';

/**
 * Deadline and cancellation, from the dispatcher's side. A pending job is ended at once; a running one is asked to stop, and ended if the
 * lifter has not done so in time.
 *
 * @param cancelGraceMs time for the lifter to publish the result after a cancel request
 */
export function endDecision(entry: JobEntry, now: Instant, cancelGraceMs: number): EndDecision {
  const { cancelRequested, deadline } = entry;
  const pending = entry.state.type === 'pending';
  if (cancelRequested !== undefined) {
    const until = cancelRequested.at + cancelGraceMs;
    if (!pending && now < until) return { do: 'nothing', until };
    return { do: 'end', status: cancelRequested.by === DEADLINE ? 'expired' : 'cancelled' };
  }
  if (deadline === undefined) return { do: 'nothing' };
  if (now < deadline) return { do: 'nothing', until: deadline };
  return pending ? { do: 'end', status: 'expired' } : { do: 'request-cancel', by: DEADLINE };
}

/** Whether the job's start, or its next attempt, is still to come. */
export function isDelayed({ notBefore }: Pick<JobEntry, 'notBefore'>, now: Instant): boolean {
  return notBefore !== undefined && notBefore > now;
}
