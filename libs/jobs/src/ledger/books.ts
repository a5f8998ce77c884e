import type { JobEntry, JobId } from '../domain/job.js';

/** A job as the writer knows it. */
export interface Job {
  readonly id: JobId;
  /** What it is now; undefined once it has been let go. */
  entry: JobEntry | undefined;
  /** Of what it is now. */
  revision: number;
  /** Bytes of what it is now. */
  bytes: number;
  /** Sheets that count and have a record of it. */
  holders: number;
  /** The newest of them, whose record overrules the others, and the bytes of that record. */
  at: Page | undefined;
  writtenBytes: number;
}

/** A sheet as the writer knows it. */
export interface Page {
  readonly sequence: number;
  readonly itemId: string;
  /** Every job it has a record of. */
  readonly jobs: Job[];
  /** How many of its records are needed, and their bytes; the newest page has one more, for itself. */
  needed: number;
  neededBytes: number;
  /** How many of them are of open jobs. */
  open: number;
}

export interface Books {
  readonly jobs: ReadonlyMap<JobId, Job>;
  /** Pages that count, by ascending sequence number. */
  readonly pages: ReadonlyMap<number, Page>;
  /** Over all pages: bytes of needed records, and how many of them are of open jobs. */
  readonly neededBytes: number;
  readonly open: number;
  /** Opens the newest page. It counts whatever is in it, until the next is opened: it is the one that says what counts. */
  openPage(sequence: number, itemId: string): Page;
  openJob(id: JobId): Job;
  /** Whether the newest record of the job is needed. */
  isNeeded(job: Job): boolean;
  /** Notes that the page has a record of what the job is now. */
  write(job: Job, page: Page): void;
  /** Notes that the job has been let go. */
  letGo(job: Job): void;
}

/**
 * Which record of which job stands in which sheet, and which are needed.
 *
 * A record is needed if it is the newest of its job, and either the job is open, or an older sheet that counts has a record of the
 * job, which would come back to life without it. A page without a needed record does not count from then on: whatever sheet is
 * written next says that it is dead. This may bring down others, since records that kept its records down are needed no longer.
 * Needed records become unneeded, never the reverse, so that no decision has to be taken back.
 *
 * @param closed told of each page that counts no longer
 * @param forgotten told of each job of which no page that counts has a record
 */
export function createBooks(closed: (page: Page) => void, forgotten: (job: Job) => void): Books {
  const jobs = new Map<JobId, Job>();
  const pages = new Map<number, Page>();
  let newest: Page | undefined;
  let neededBytes = 0;
  let open = 0;

  const isNeeded = (job: Job): boolean => job.entry !== undefined || job.holders > 1;

  function adjust(page: Page, records: number, bytes: number): void {
    page.needed += records;
    page.neededBytes += bytes;
    neededBytes += bytes;
  }

  function adjustOpen(page: Page, by: 1 | -1): void {
    page.open += by;
    open += by;
  }

  function release(page: Page, bytes: number): void {
    adjust(page, -1, -bytes);
    closeIfIdle(page);
  }

  function closeIfIdle(first: Page): void {
    const idle = [first];
    for (let page = idle.pop(); page !== undefined; page = idle.pop()) {
      if (page.needed > 0 || !pages.delete(page.sequence)) continue;
      closed(page);
      for (const job of page.jobs) {
        job.holders -= 1;
        if (job.holders === 0) forget(job);
        else if (job.holders === 1 && job.entry === undefined && job.at !== undefined) {
          adjust(job.at, -1, -job.writtenBytes);
          idle.push(job.at);
        }
      }
    }
  }

  function forget(job: Job): void {
    jobs.delete(job.id);
    forgotten(job);
  }

  return {
    jobs,
    pages,
    get neededBytes() {
      return neededBytes;
    },
    get open() {
      return open;
    },

    openPage(sequence, itemId) {
      const page: Page = { sequence, itemId, jobs: [], needed: 0, neededBytes: 0, open: 0 };
      pages.set(sequence, page);
      adjust(page, 1, 0);
      if (newest !== undefined) release(newest, 0);
      newest = page;
      return page;
    },

    openJob(id) {
      const job: Job = {
        id,
        entry: undefined,
        revision: 0,
        bytes: 0,
        holders: 0,
        at: undefined,
        writtenBytes: 0,
      };
      jobs.set(id, job);
      return job;
    },

    isNeeded,

    write(job, page) {
      const { at, writtenBytes } = job;
      const wasNeeded = isNeeded(job);
      job.holders += 1;
      job.at = page;
      job.writtenBytes = job.bytes;
      page.jobs.push(job);
      if (isNeeded(job)) adjust(page, 1, job.bytes);
      if (job.entry !== undefined) {
        adjustOpen(page, 1);
        if (at !== undefined) adjustOpen(at, -1);
      }
      if (at !== undefined && wasNeeded) release(at, writtenBytes);
    },

    letGo(job) {
      job.entry = undefined;
      if (job.at === undefined) {
        forget(job);
        return;
      }
      adjustOpen(job.at, -1);
      if (!isNeeded(job)) release(job.at, job.writtenBytes);
    },
  };
}
