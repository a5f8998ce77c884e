import { type JobEntry, type JobResult, jobBytesAtMost } from '@heavylift/jobs';
import { LRUCache } from 'lru-cache';

export interface EndedJob {
  readonly entry: JobEntry;
  readonly result: JobResult;
}

/** Jobs whose requesters have been told, for those who ask later: the last so many, and so many bytes. */
export interface History {
  add(job: EndedJob): void;
  get(number: number): EndedJob | undefined;
  /** Newest first. */
  all(): readonly EndedJob[];
}

export function createHistory(most = 1_000, mostBytes = 16 * 1_048_576): History {
  const jobs = new LRUCache<number, EndedJob>({
    max: most,
    maxSize: mostBytes,
    sizeCalculation: ({ entry, result }) => jobBytesAtMost(entry) + JSON.stringify(result).length,
  });
  return {
    add(job) {
      jobs.set(job.entry.number, job);
    },
    get: (number) => jobs.peek(number),
    all: () => [...jobs.values()],
  };
}
