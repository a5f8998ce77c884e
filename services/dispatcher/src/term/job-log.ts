import type { JobEntry, JobResult } from '@heavylift/jobs';
import { aboutJob, type Ignore, type Logger } from '@heavylift/service';
import type { DispatcherObserver } from '../metrics.js';
import type { SchedulerOptions } from '../scheduler/types.js';

type Told = Required<Pick<SchedulerOptions, 'onGiven' | 'onRetry' | 'onRefused' | 'onNote'>>;

/** Tells metrics and the log what becomes of jobs: one line for each step of a job's life. */
export interface JobLog extends Told {
  ended(entry: JobEntry, result: JobResult): void;
  /** @param result undefined if it was let go without one */
  gone(entry: JobEntry, result: JobResult | undefined): void;
}

export interface JobLogParts {
  readonly observer: DispatcherObserver;
  readonly ignore: Ignore;
  readonly log: Logger;
  readonly now: () => number;
}

export function createJobLog({ observer, ignore, log, now }: JobLogParts): JobLog {
  return {
    onGiven(entry, lifter) {
      observer.given(entry, now());
      log.debug({ ...aboutJob(entry), lifter }, 'given to a lifter');
    },
    onRetry(entry, failure, delayMs) {
      observer.retried(entry, failure);
      const { reason, lifter, error } = failure;
      const what = reason === 'stalled' ? 'attempt lost with its lifter' : 'attempt failed';
      log.warn(
        { ...aboutJob(entry), reason, lifter, error, retryInMs: delayMs },
        `${what}, trying again`,
      );
    },
    onRefused: ({ id }, { lifter, attempt }) =>
      ignore('results', 'untrusted', { job: id, lifter, attempt }),
    onNote: (entry, details, message) => log.warn({ ...aboutJob(entry), ...details }, message),
    ended(entry, result) {
      observer.ended(entry, result);
      const { status, lifter, failures } = result;
      const error = 'error' in result ? { error: result.error } : {};
      const about = { ...aboutJob(entry), status, lifter, attempts: failures.length + 1, ...error };
      const details = { ...about, ms: result.finished - entry.submitted };
      // The whole is what was asked for.
      if (entry.target.type === 'child') log.debug(details, 'part ended');
      else if (status === 'failed') log.warn(details, 'ended');
      else log.info(details, 'ended');
    },
    gone(entry, result) {
      observer.gone(entry.id);
      if (result === undefined || entry.target.type === 'child') return;
      log.info(
        { ...aboutJob(entry), status: result.status },
        'delivered: its requester has been told',
      );
    },
  };
}
