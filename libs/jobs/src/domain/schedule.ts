import type { Instant, Requester, Target } from './job.js';
import type { JsonObject } from './json.js';

/** A job that is to run again and again. */
export interface Schedule {
  /** The short number that people type; counts apart from jobs. */
  readonly number: number;
  /** The handler's name. */
  readonly kind: string;
  readonly args: JsonObject;
  /** Whoever asked is told of every run. */
  readonly requester: Requester;
  /** A cron expression: minute, hour, day of month, month, day of week; or six fields, seconds first. */
  readonly cron: string;
  /** In which the expression is meant, as the IANA calls it, e.g. `Europe/Vienna`. */
  readonly timeZone: string;
  readonly created: Instant;
  /** The time of the last run that brought a job, or was missed; none before the first. */
  readonly last?: Instant;
  /** When a leader found that the last run was in the future, and had the schedule go on from there. */
  readonly clockSet?: Instant;
  readonly priority: number;
  readonly target: Target;
  /** Whose term it was written in: what a leader wrote late is known by it. Absent in items of older dispatchers. */
  readonly epoch?: number;
  /** Each of its jobs is of no use any more so long after it was brought. */
  readonly withinMs?: number;
  /** Stands for the message that asked for it: the same message twice is one schedule. None if the message had no id. */
  readonly message?: string;
}
