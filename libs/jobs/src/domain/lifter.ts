import type { JobId } from './job.js';
import type { SheetPosition } from './sheet.js';

export interface RunningJob {
  readonly id: JobId;
  readonly attempt: number;
}

/** "What are you running?" */
export interface RunningQuery {
  /** The newest sheet there is. Who has not seen it has missed events, and reads the ledger again. */
  readonly newest?: SheetPosition;
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
