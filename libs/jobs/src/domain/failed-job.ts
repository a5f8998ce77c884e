import type { Instant, JobEntry, JobError } from './job.js';

/** A job that failed for good, kept with its whole history so that it can be looked at and retried. */
export interface FailedJob {
  /** As it stood in the ledger when its last attempt failed. */
  readonly entry: JobEntry;
  /** What the last attempt failed of. */
  readonly error: JobError;
  /** When it did. Items of early versions do not say. */
  readonly finished?: Instant;
  /** Number of the job that was made of it, once it has been retried. */
  readonly retriedAs?: number;
  /** Whose term it was written in: what a leader wrote late is known by it. Absent in items of older dispatchers. */
  readonly epoch?: number;
}
