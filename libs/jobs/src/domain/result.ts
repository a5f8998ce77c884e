import type { Failure, Instant, JobError, JobId } from './job.js';
import type { Json } from './json.js';

interface ResultBase {
  readonly job: JobId;
  readonly number: number;
  readonly kind: string;
  readonly attempt: number;
  /** Full JID of the lifter that ran it; none if it ended without running. */
  readonly lifter?: string;
  readonly submitted: Instant;
  /** Of the last attempt; none if it ended without running. */
  readonly started?: Instant;
  readonly finished: Instant;
  /** The attempts before that came to nothing. */
  readonly failures: readonly Failure[];
  /** Bare JID of who asked. Only if the services are configured to say so. */
  readonly requester?: string;
  /**
   * Tells a lifter's newer items from its older ones: higher in each, whatever its clock does. Milliseconds since 1970 as long as the clock
   * only goes forwards. Older lifters do not say it.
   */
  readonly order?: number;
}

/** How a job ended: the terminal outcome that the `results` node makes public. */
export type JobResult = ResultBase &
  (
    | { readonly status: 'succeeded'; readonly value: Json }
    | { readonly status: 'failed'; readonly error: JobError }
    | { readonly status: 'cancelled' | 'expired'; readonly error?: JobError }
  );

export type ResultStatus = JobResult['status'];
