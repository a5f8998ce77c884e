import type { JobEntry } from '../domain/job.js';
import type { GoneJob } from '../domain/sheet.js';
import type { Books, Job, Page } from './books.js';

export interface Bounds {
  readonly maxJobs: number;
  readonly maxBytes: number;
}

/** A sheet while it is planned. */
export interface Draft {
  readonly jobs: readonly JobEntry[];
  readonly gone: readonly GoneJob[];
  /** Writes what the job is now, if that leaves the sheet within the share of its bounds. The first entry always has room. */
  take(job: Job, share?: number): boolean;
  /** Whether all that is needed of the page has room. */
  hasRoomFor(page: Page): boolean;
  /** Takes over what is needed of an older page, as far as there is room. If that is all of it, the page closes. */
  carry(from: Page): void;
}

/** @param taken told of each job that has been written */
export function createDraft(
  books: Books,
  page: Page,
  { maxJobs, maxBytes }: Bounds,
  taken: (job: Job) => void,
): Draft {
  const jobs: JobEntry[] = [];
  const gone: GoneJob[] = [];
  let bytes = 0;

  function take(job: Job, share = 1): boolean {
    const full = jobs.length >= maxJobs * share || bytes + job.bytes > maxBytes * share;
    if (full && jobs.length > 0) return false;
    if (job.entry === undefined) gone.push({ id: job.id, revision: job.revision });
    else jobs.push(job.entry);
    bytes += job.bytes;
    books.write(job, page);
    taken(job);
    return true;
  }

  return {
    jobs,
    gone,
    take,
    hasRoomFor: ({ open, neededBytes }) =>
      jobs.length + open <= maxJobs && bytes + neededBytes <= maxBytes,
    carry(from) {
      for (const job of from.jobs) {
        if (job.at === from && books.isNeeded(job) && !take(job)) return;
      }
    },
  };
}
