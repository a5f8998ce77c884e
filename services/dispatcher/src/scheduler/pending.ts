import type { JobEntry, JobId } from '@heavylift/jobs';

/** Jobs that wait for a lifter. */
export interface PendingQueue {
  readonly size: number;
  add(entry: JobEntry): void;
  remove(job: JobId): void;
  /** Of those that may run: the highest priority, and there the oldest. It stays in the queue. */
  next(now: number, mayRun: (entry: JobEntry) => boolean): JobEntry | undefined;
}

export function createPendingQueue(): PendingQueue {
  const entries = new Map<JobId, JobEntry>();
  return {
    get size() {
      return entries.size;
    },
    add(entry) {
      entries.set(entry.id, entry);
    },
    remove(job) {
      entries.delete(job);
    },
    next(now, mayRun) {
      let best: JobEntry | undefined;
      for (const entry of entries.values()) {
        if (entry.notBefore !== undefined && entry.notBefore > now) continue;
        if (best !== undefined && !goesBefore(entry, best)) continue;
        if (mayRun(entry)) best = entry;
      }
      return best;
    },
  };
}

function goesBefore(a: JobEntry, b: JobEntry): boolean {
  return a.priority === b.priority ? a.number < b.number : a.priority > b.priority;
}
