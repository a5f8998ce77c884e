import type { Instant, JobError, JobId } from './job.js';

/** How far a running attempt has come. */
export interface Progress {
  readonly type: 'progress';
  readonly job: JobId;
  readonly attempt: number;
  readonly at: Instant;
  readonly done: number;
  /** None if the handler does not know. */
  readonly total?: number;
  readonly note?: string;
}

/** An attempt ended, the job did not. */
export type AttemptReport = {
  readonly type: 'attempt';
  readonly job: JobId;
  readonly attempt: number;
  /** Full JID of the lifter that reports. */
  readonly lifter: string;
  readonly at: Instant;
} & (
  | { readonly outcome: 'failed'; readonly reason: 'failed' | 'timeout'; readonly error: JobError }
  /**
   * Handed back unfinished, at no cost of an attempt: the lifter is shutting down, or does not know the kind. The same attempt may be
   * given to the same lifter again, so `revision` names the entry that this answers; early versions do not say.
   */
  | { readonly outcome: 'released'; readonly revision?: number; readonly note?: string }
);

/** The requester has the outcome: the server confirmed the message. The dispatcher lets the entry go. */
export interface Told {
  readonly type: 'told';
  readonly job: JobId;
  readonly at: Instant;
}

/** What the `events` node carries. */
export type JobEvent = Progress | AttemptReport | Told;
