import type { JobEntry, JobId } from '@heavylift/jobs';

/** Who waits for the service to confirm what was written of a job. Outlives a term: the next one of this process may write it. */
export interface Acceptances {
  /** Resolves with the entry as the service has it. Rejects if that can't be known any more. */
  written(job: JobId): Promise<JobEntry>;
  /** Whether somebody waits for it. */
  isAwaited(job: JobId): boolean;
  confirmed(entries: Iterable<JobEntry>): void;
  /** Nothing will be written of the job. */
  forget(job: JobId): void;
  /** Gives up those that wait, but for the jobs that will be written yet. */
  abandon(reason: Error, except?: (job: JobId) => boolean): void;
}

interface Waiter {
  readonly resolve: (entry: JobEntry) => void;
  readonly reject: (reason: Error) => void;
}

export function createAcceptances(): Acceptances {
  const waiters = new Map<JobId, Waiter[]>();
  return {
    written: (job) =>
      new Promise((resolve, reject) => {
        waiters.set(job, [...(waiters.get(job) ?? []), { resolve, reject }]);
      }),
    isAwaited: (job) => waiters.has(job),
    forget: (job) => void waiters.delete(job),
    confirmed(entries) {
      for (const entry of entries) {
        const those = waiters.get(entry.id);
        waiters.delete(entry.id);
        for (const { resolve } of those ?? []) resolve(entry);
      }
    },
    abandon(reason, except = () => false) {
      for (const [job, those] of [...waiters]) {
        if (except(job)) continue;
        waiters.delete(job);
        for (const { reject } of those) reject(reason);
      }
    },
  };
}
