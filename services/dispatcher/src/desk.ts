import type {
  HandlerSpec,
  Instant,
  JobEntry,
  JobId,
  JobResult,
  JsonObject,
  LifterLoad,
  Progress,
  Requester,
  Schedule,
} from '@heavylift/jobs';
import type { Clauses } from './chat/clauses.js';
import type { LastSeen } from './scheduler/roster.js';
import type { Counts } from './scheduler/types.js';

/** What somebody wants to have run. */
export interface RunRequest {
  readonly spec: HandlerSpec;
  readonly args: JsonObject;
  readonly clauses: Clauses;
  readonly requester: Requester;
  /** When it was said, in milliseconds since 1970, if it waited on its way: times are meant from then. @default now */
  readonly saidAt?: number;
  /** W3C Trace Context of who asks. @default a new trace */
  readonly traceparent?: string;
}

export interface Duplicate {
  readonly kind: 'duplicate';
  readonly job: JobId;
  readonly number: number;
  /** It has the same unique key, and somebody else asked for it, who is told how it ends. @default false */
  readonly isOthers?: boolean;
  /** Why it does not run, as the end of "it waits …". */
  readonly waitsFor?: string;
  /** What became of it, where that is known. */
  readonly ended?: JobView;
}

/** What came of a job that was to be taken in. */
export type SubmitAnswer = Exclude<RunAnswer, { readonly kind: 'scheduled' | 'conflict' }>;

export type RunAnswer =
  /** It stands in the ledger. `waitsFor`: why it does not run at once. */
  | { readonly kind: 'accepted'; readonly entry: JobEntry; readonly waitsFor?: string }
  /** The same request, or the same unique key, is open or was answered lately. */
  | Duplicate
  /** It will run again and again. */
  | { readonly kind: 'scheduled'; readonly schedule: Schedule; readonly next: Instant }
  | { readonly kind: 'impossible'; readonly reason: string }
  /** The name of the submission stands for something else already. `taken`: for what. */
  | { readonly kind: 'conflict'; readonly taken: string }
  /** Not now. */
  | { readonly kind: 'refused'; readonly text: string };

/** A job as people ask about it: an open one, or one that ended lately. */
export interface JobView {
  readonly entry: JobEntry;
  /** Its outcome, once it is known. */
  readonly result?: JobResult;
  /** It has ended, and its requester has not been told yet. @default false */
  readonly isUntold?: boolean;
  /** How far it has come, if its handler says so; only while it runs. */
  readonly progress?: Progress;
  /** Why it does not run, as the end of "it waits …"; undefined if it runs or has ended. */
  readonly waitsFor?: string;
  /** Number of the job that was made of it, if it failed and has been retried. */
  readonly retriedAs?: number;
}

/** A schedule, and when it brings its next job; undefined if never again. */
export interface ScheduleView {
  readonly schedule: Schedule;
  readonly next?: Instant | undefined;
  /** Why it brings none at all. */
  readonly problem?: string | undefined;
}

export type CancelAnswer =
  /** It waited, and will not run. */
  | { readonly kind: 'cancelled' }
  /** It runs, and its lifter has been asked to end it. */
  | { readonly kind: 'requested' }
  | { readonly kind: 'over' }
  | { readonly kind: 'unknown' };

/** What came of a message: what a correction or a retraction of it is about. */
export type Brought =
  | { readonly kind: 'job'; readonly number: number }
  | { readonly kind: 'schedule'; readonly number: number }
  /** Something that was done at once, such as a cancellation. */
  | { readonly kind: 'deed' }
  /** It asked for nothing, or was not understood, or refused. */
  | { readonly kind: 'nothing' };

export type AmendAnswer =
  | { readonly kind: 'amended'; readonly entry: JobEntry; readonly waitsFor?: string }
  /** It runs, or has run: too late. */
  | { readonly kind: 'started' | 'over' }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'unknown' };

export type RetryAnswer =
  /** `duplicate`: it has been retried already, or a job with its unique key is open. */
  | SubmitAnswer
  /** Only what has failed for good can be retried. */
  | { readonly kind: 'not-failed' }
  | { readonly kind: 'unknown' };

/** What can be asked of a dispatcher in office. Who may ask is decided before. */
export interface Desk {
  /** What the lifters can do, by name. */
  readonly specs: ReadonlyMap<string, HandlerSpec>;
  /** Where a handler was seen last that no lifter has now; undefined if none ever had it. @default never */
  readonly lastSeen?: (handler: string) => LastSeen | undefined;
  counts(): Counts;
  /** Resolves when the job stands in the ledger, or does not for a good reason; rejects if that can't be known. */
  run(request: RunRequest): Promise<RunAnswer>;
  /** An open job, or one that ended lately, by the number people type. */
  job(number: number): JobView | undefined;
  /** Open jobs and those that ended lately, newest first. */
  jobs(): Iterable<JobView>;
  /** Live lifters, by name. */
  lifters(): readonly LifterLoad[];
  /** @param by bare JID of who asks; resolves when the request stands in the ledger */
  cancel(number: number, by: string): Promise<CancelAnswer>;
  /** What a message has brought, as far as is known. @param who bare JID of its sender */
  ofMessage(who: string, messageId: string): Brought | undefined;
  /** Makes another of a job that waits for its first start; resolves when that stands in the ledger. */
  amend(number: number, request: RunRequest): Promise<AmendAnswer>;
  /** A job that failed for good, however long ago and under whichever dispatcher. */
  failed(number: number): Promise<JobView | undefined>;
  /** Jobs that failed for good, newest first. */
  allFailed(): Promise<readonly JobView[]>;
  /** Runs a job that failed for good once more, under a new number, for whoever asked first. */
  retry(number: number): Promise<RetryAnswer>;
  schedules(): readonly ScheduleView[];
  /** False if there is none of that number. */
  unschedule(number: number): Promise<boolean>;
}
