import type { JobEntry, JobError } from './job.js';

/** A job that failed for good, kept with its whole history so that it can be retried. */
export interface FailedJob {
  /** As it stood in the ledger when its last attempt failed. */
  readonly entry: JobEntry;
  /** What the last attempt failed of. */
  readonly error: JobError;
}
