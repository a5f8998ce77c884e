import type {
  AttemptReport,
  Failure,
  JobEntry,
  JobError,
  JobId,
  JobResult,
  Ledger,
  LifterAnnouncement,
  LifterLoad,
  Limits,
  NewJob,
  OpenJobs,
  QueueOrder,
  Requester,
} from '@heavylift/jobs';
import type { History } from './history.js';
import type { Roster } from './roster.js';

export interface SchedulerOptions {
  readonly ledger: Ledger;
  /** How long a lifter may be away before its jobs are given to others, in milliseconds. */
  readonly graceMs: number;
  /** How long a lifter may take to end a job that is to be cancelled, in milliseconds. */
  readonly cancelGraceMs: number;
  readonly limits: () => Limits;
  /** Jobs that one lifter's account may have in hand, whatever it announces. @default any number */
  readonly slotsOfAccount?: number;
  /** @default requesters take turns, and a minute of waiting is worth a step of priority */
  readonly order?: QueueOrder;
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The ledger has something to be written. */
  readonly onChange: () => void;
  /** A job ends without a lifter's doing: to be published like every other result. */
  readonly onEnd: (result: JobResult) => void;
  /** Jobs that ended lately, from earlier terms too. */
  readonly history: History;
  /** The outcome of a job has become known, by whosever doing. */
  readonly onOutcome: (entry: JobEntry, result: JobResult) => void;
  /** A job has been let go. */
  readonly onGone: (entry: JobEntry, result?: JobResult) => void;
  /** A job is given to a lifter; told with the entry as it waited. */
  readonly onGiven?: (entry: JobEntry, lifter: string) => void;
  /** An attempt came to nothing, and another one is to be made; told with the entry as it ran. */
  readonly onRetry?: (entry: JobEntry, failure: Failure, delayMs: number) => void;
  /** Told of lifters that come and go. @default nobody */
  readonly roster?: Pick<Roster, 'announced' | 'left'>;
  /** A lifter gave a result of a job that is not its own to end. */
  readonly onRefused?: (entry: JobEntry, result: JobResult) => void;
  /** Something about a job that an operator may want to know. */
  readonly onNote: (
    entry: JobEntry,
    details: Readonly<Record<string, unknown>>,
    message: string,
  ) => void;
}

/** How a job ends without a lifter's doing. */
export type Outcome =
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' | 'expired' };

/** What a job is to be from now on; what is not there is taken away. */
export type Amendment = Pick<
  NewJob,
  | 'kind'
  | 'args'
  | 'timeoutMs'
  | 'maxAttempts'
  | 'priority'
  | 'target'
  | 'notBefore'
  | 'deadline'
  | 'asOf'
  | 'uniqueKey'
>;

export interface Counts {
  readonly lifters: number;
  readonly slots: number;
  readonly busy: number;
  readonly waiting: number;
}

/**
 * Decides who runs what, and when. It holds no truth of its own: all of it is made from the ledger, the lifters' presence and the
 * results, and all it decides goes into the ledger. Every method returns at once.
 */
export interface Scheduler {
  /**
   * Takes a job in and gives it to a lifter, if one is free. It is accepted when the ledger has been written.
   * @throws JobsError `entry-too-large`
   */
  submit(job: NewJob): JobEntry;
  /** Takes in a job as it stood in a ledger that was not read, under its number and with a higher revision. */
  restore(entry: JobEntry): void;
  /**
   * Takes in a job for every live lifter that has its handler, with a child for each of them; undefined if there is none.
   * @throws JobsError `entry-too-large`
   */
  submitToAll(job: NewJob, makeId: () => JobId): JobEntry | undefined;
  /** Has it ended: at once if it waits, by its lifter if it runs; `over` if its outcome is known already. */
  cancel(job: JobId, by: string): 'cancelled' | 'requested' | 'over';
  /**
   * Makes another of a job that waits for its first start, and gives it to a lifter, if one is free and its time has come.
   * @throws JobsError `entry-too-large`; nothing has changed then
   */
  amend(job: JobId, wanted: Amendment): void;
  /** From now on it is told there how the job ends. @returns false if it is already, or cannot be */
  answersTo(entry: JobEntry, requester: Requester): boolean;
  /** Why the job does not run, as the end of "it waits …"; undefined if it runs. */
  waitsFor(job: JobId): string | undefined;
  /** Whether it is an open job for all lifters. */
  isWhole(job: JobId): boolean;
  /** Outcomes that have been known for so long, in milliseconds, without the requester's having been told; each again after as long. A few at a time. */
  untoldFor(ms: number): readonly JobResult[];
  /** What became of an open job, if that is known. */
  outcome(job: JobId): JobResult | undefined;
  announced(lifter: string, announcement: LifterAnnouncement): void;
  left(lifter: string): void;
  /** A result has come from the node; of several read together, in the order in which they count. */
  ended(result: JobResult): void;
  /** A result of ours is on its way to the node, and a lifter's may come first. */
  isProposed(job: JobId): boolean;
  /** The node has a result that `onEnd` gave. */
  published(job: JobId): void;
  /** @param from full JID of who published it */
  reported(report: AttemptReport, from: string): void;
  /** The requester has the outcome: the job is let go. */
  told(job: JobId): void;
  /**
   * Does what has come due; to be called a few times a second, from when lifters can have said that they are there: until the first call
   * none counts as gone.
   */
  tick(): void;
  counts(): Counts;
  lifters(): readonly LifterLoad[];
  /** Full JIDs of those that have jobs, by the ledger, and of which nothing has been heard since the term began. */
  silentLifters(): readonly string[];
  /** Open jobs of a requester, parts of jobs for all lifters among them, by the key that `requesterKey` gives. */
  openOf(requester: string): number;
  /** Jobs that ended lately. */
  endedPerSecond(): number;
  readonly openJobs: Pick<OpenJobs, 'withNumber' | 'withKey' | 'ofRequest' | 'ofMessage'>;
}
