import type { JobEntry, JobResult } from '@heavylift/jobs';

export interface EndedJob {
  readonly entry: JobEntry;
  readonly result: JobResult;
}

/** Jobs whose requesters have been told, for those who ask later: the last so many. */
export interface History {
  add(job: EndedJob): void;
  get(number: number): EndedJob | undefined;
  /** Newest first. */
  all(): readonly EndedJob[];
}

export function createHistory(most = 1_000): History {
  const jobs = new Map<number, EndedJob>();
  return {
    add(job) {
      jobs.set(job.entry.number, job);
      const [oldest] = jobs.keys();
      if (jobs.size > most && oldest !== undefined) jobs.delete(oldest);
    },
    get: (number) => jobs.get(number),
    all: () => [...jobs.values()].reverse(),
  };
}
