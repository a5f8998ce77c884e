import type { JobId } from './job.js';

export interface RunningJob {
  readonly id: JobId;
  readonly attempt: number;
}

/** What a lifter says of itself: in its presence, and in answer to the query "what are you running?". */
export interface LifterAnnouncement {
  /** Version of the lifter's software. */
  readonly version: string;
  /** How many jobs it runs at once. */
  readonly slots: number;
  /** How many of them are taken. */
  readonly busy: number;
  /** It is shutting down and takes nothing new. */
  readonly draining: boolean;
  /** Names of the handlers it has. */
  readonly handlers: readonly string[];
  readonly running: readonly RunningJob[];
}
