import type { JobResult, Json } from '@heavylift/jobs';
import type { Session, SessionLog, SessionOptions } from '@heavylift/xmpp-pubsub';

export interface JobsOptions {
  /**
   * How to log in, or a session of yours. Yours is for you to start and stop, and to send presence from, with a priority that is not
   * negative: answers and events reach no session without.
   */
  readonly session: SessionOptions | Session;
  /** Bare JID of the bot, e.g. `bot@example.org`. */
  readonly bot: string;
  /** The service that has the node of results. @default `pubsub.` and the bot's domain */
  readonly pubsubJid?: string;
  /** Begins the name of every node. @default `heavylift/` */
  readonly nodePrefix?: string;
  readonly log?: SessionLog;
}

/** Arguments by name. An empty text and undefined count as not given. */
export type JobArguments = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SubmitOptions {
  /** Not before so long from now: milliseconds, or a text such as `90s`, `10m`, `1h30m`, `2d`. */
  readonly in?: number | string;
  /** Not before the next such time of day in the dispatcher's time zone, e.g. `18:00`. */
  readonly at?: string;
  /** Ends as `expired` if it is not done so long after it was asked for, in milliseconds or as text, e.g. `1h30m`. @default never */
  readonly within?: number | string;
  /** From -100 to 100; higher goes first. @default 0 */
  readonly priority?: number;
  /** The name of a lifter, or `all`. @default any */
  readonly on?: string;
  /**
   * Names the submission, within the account: the same name again, while the job is open or within ten minutes, is the same job,
   * from another process too. Other content under the same name rejects with `conflict`. @default a fresh one
   */
  readonly submission?: string;
  /** Ends the waiting with `aborted`. A job that was accepted runs on; see {@link JobHandle.cancel}. */
  readonly signal?: AbortSignal;
}

export interface AcceptedJob {
  /** A UUIDv7. */
  readonly id: string;
  /** The number that people see. */
  readonly number: number;
  /** What the bot answered, for people. */
  readonly text: string;
}

/**
 * A job that was asked for: the promise of what its handler returns. Rejects with a {@link JobClientError}:
 * `failed`, `cancelled`, `expired`, `refused`, `conflict`, `value-unknown`, `outcome-unknown`, `aborted`, `closed`.
 * One that nobody awaits rejects silently. Mind that an async function that returns a handle returns what it becomes.
 */
export interface JobHandle extends Promise<Json> {
  readonly submission: string;
  /** Resolves when the job is written down: it will be run, whatever breaks. @throws JobClientError `refused`, `conflict`, `aborted`, `closed` */
  readonly accepted: Promise<AcceptedJob>;
  /** Undefined until accepted. */
  readonly id: string | undefined;
  /** Undefined until accepted. */
  readonly number: number | undefined;
  /** How far it is, in words: the latest each time one asks. Ends with the job. Progress may be lost; outcomes are not. */
  readonly progress: AsyncIterable<string>;
  /**
   * Has the job ended, whose handle then rejects with `cancelled`, unless it is over before. Resolves when the bot has the order.
   * @throws JobClientError `refused`, `closed`, or what `accepted` throws
   */
  cancel(): Promise<void>;
}

export interface ResultsOptions {
  /** The {@link PublishedResult.position} of the last result that was dealt with. @default all that the node still keeps */
  readonly since?: string;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Results kept for a consumer that is behind; what comes beyond is read from the node later on. @default 10_000 */
  readonly maxBuffered?: number;
}

/** A result, and where one is in the stream of them. */
export type PublishedResult = JobResult & {
  /** What has been seen up to here. Keep it when the result has been dealt with, and give it as `since` the next time. */
  readonly position: string;
};

/** The system as one account sees it. */
export interface Jobs extends AsyncDisposable {
  readonly session: Session;
  /**
   * Asks for a job. Asked again by itself until the bot has answered, under the same submission, so it is one job; also while there is no
   * dispatcher, and while the bot says to wait (XMPP's error type `wait`): give a `signal` to bound that.
   * @throws JobClientError `invalid-option`
   */
  submit(name: string, args?: JobArguments, options?: SubmitOptions): JobHandle;
  /**
   * Outcomes of all jobs, each once: first what the node still keeps, the oldest first, then whatever comes, over breaks of the
   * connection too. For accounts that may read the results. Where a result stands twice, the first one counts.
   * @throws JobClientError `no-access`, `closed`, `invalid-option`
   */
  results(options?: ResultsOptions): AsyncIterableIterator<PublishedResult>;
  /** Ends what was begun: handles reject with `closed`, iterations end, and so does the session, unless it is yours. Jobs run on. */
  close(): Promise<void>;
}
