import type { JobEntry, JobId } from '@heavylift/jobs';

/**
 * Who waits until what was written of a job stands in the node for whoever may lead next. Outlives a term: the next one of this process
 * may write it.
 */
export interface Acceptances {
  /**
   * Resolves with the entry as the service has it. Rejects if that can't be known any more.
   * @param revision of the change that is waited for. @default the job's acceptance
   */
  written(job: JobId, revision?: number): Promise<JobEntry>;
  /** Whether somebody waits for it. */
  isAwaited(job: JobId): boolean;
  confirmed(entries: Iterable<JobEntry>): void;
  /**
   * Another leader's node has them: the jobs were accepted. What else was to be written of them is not known to be there, though their
   * revisions may be higher.
   */
  found(entries: Iterable<JobEntry>): void;
  /** Whatever was to be written of the job, it is over. */
  gone(entry: JobEntry): void;
  /** Nothing will be written of the job. */
  forget(job: JobId): void;
  /** Gives up those that wait, but for the jobs that will be written yet, whatever revision they will have then. */
  abandon(reason: Error, except?: (job: JobId) => boolean): void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: (entry: JobEntry) => void;
  readonly reject: (reason: Error) => void;
}

const acceptance = 1;

export function createAcceptances(): Acceptances {
  const waiters = new Map<JobId, readonly Waiter[]>();

  function settle(entry: JobEntry, isSettled: (waiter: Waiter) => boolean): void {
    const those = waiters.get(entry.id);
    if (those === undefined) return;
    const left = those.filter((waiter) => !isSettled(waiter));
    if (left.length > 0) waiters.set(entry.id, left);
    else waiters.delete(entry.id);
    for (const waiter of those) if (isSettled(waiter)) waiter.resolve(entry);
  }

  return {
    written: (job, revision = acceptance) =>
      new Promise((resolve, reject) => {
        waiters.set(job, [...(waiters.get(job) ?? []), { revision, resolve, reject }]);
      }),
    isAwaited: (job) => waiters.has(job),
    forget: (job) => void waiters.delete(job),
    confirmed(entries) {
      for (const entry of entries) settle(entry, ({ revision }) => revision <= entry.revision);
    },
    found(entries) {
      for (const entry of entries) settle(entry, ({ revision }) => revision === acceptance);
    },
    gone: (entry) => settle(entry, () => true),
    abandon(reason, except = () => false) {
      for (const [job, those] of [...waiters]) {
        if (except(job)) {
          const anyRevision = those.map((waiter) => ({ ...waiter, revision: acceptance }));
          waiters.set(job, anyRevision);
          continue;
        }
        waiters.delete(job);
        for (const { reject } of those) reject(reason);
      }
    },
  };
}
