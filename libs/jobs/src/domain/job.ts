import type { JsonObject } from './json.js';

/** A point in time: milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives it. */
export type Instant = number;

/** A UUIDv7 (RFC 9562), in lower case; see `makeJobId`. */
export type JobId = string;

/** How the request came. A `groupchat` requester is a room's occupant: answers go to the room. */
export type MessageType = 'chat' | 'groupchat' | 'normal' | 'command';

/** Who asked, and under which ids, as the server stamped it. */
export interface Requester {
  /** The full JID as the server stamped it. */
  readonly jid: string;
  readonly messageType: MessageType;
  /** The stanza's own id. */
  readonly messageId?: string;
  /** XEP-0359 origin-id, where the client gave one. */
  readonly originId?: string;
  /** RFC 6121 section 5.2.5 */
  readonly thread?: string;
  /** The message's `xml:lang`. */
  readonly lang?: string;
  /** A program that understands messages on the outcomes of several jobs. */
  readonly gathers?: boolean;
}

/** Who may run the job. */
export type Target =
  | { readonly type: 'any' }
  /** One lifter, by name. */
  | { readonly type: 'lifter'; readonly name: string }
  /** Every live lifter: never assigned itself, it waits for its children and has their answers in one. */
  | { readonly type: 'all' }
  /** The part of a job for all that one lifter does. */
  | { readonly type: 'child'; readonly parent: JobId; readonly name: string };

/** What went wrong, as the handler threw it. */
export interface JobError {
  /** The error's class, e.g. `TypeError`. */
  readonly class: string;
  readonly message: string;
  /** The handler says that trying again is of no use. */
  readonly final?: boolean;
  /** Of the error, as in `ECONNREFUSED`. */
  readonly code?: string;
  /** What is behind it, outermost first. The message tells it as well, in one line. */
  readonly causes?: readonly ErrorCause[];
  /** Where it was thrown. Results alone have it. */
  readonly stack?: string;
}

/** An error that caused another one, or is one of several that it holds. */
export type ErrorCause = {
  readonly class: string;
  readonly message: string;
  readonly code?: string;
};

/** An attempt that came to nothing. */
export interface Failure {
  readonly attempt: number;
  /** `stalled`: the lifter vanished; it counts as a stall, not as a used attempt. */
  readonly reason: 'failed' | 'timeout' | 'stalled';
  /** Full JID of the lifter. */
  readonly lifter: string;
  readonly at: Instant;
  readonly error: JobError;
}

export type JobState =
  | { readonly type: 'pending' }
  /** `lifter`: the full JID of the one process that may run it; `since`: when it was given to it. */
  | { readonly type: 'assigned'; readonly lifter: string; readonly since: Instant };

export interface CancelRequest {
  readonly at: Instant;
  /** Bare JID of whoever asked for it, or `deadline`. */
  readonly by: string;
}

/** What a job is asked to be, before the ledger gives it its number and first revision. */
export interface NewJob {
  readonly id: JobId;
  /** The handler's name. */
  readonly kind: string;
  readonly args: JsonObject;
  readonly requester: Requester;
  readonly submitted: Instant;
  /** Not to be assigned before: a delayed start, or the backoff after a failure. */
  readonly notBefore?: Instant;
  /** After it, the job ends as `expired`. */
  readonly deadline?: Instant;
  /**
   * When `notBefore` or `deadline` was written, by the same clock: so whoever leads next, by another clock, knows how long was meant. Absent
   * where there is neither, and in entries of older dispatchers.
   */
  readonly asOf?: Instant;
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** An integer; higher goes first. Ordinary is 0. */
  readonly priority: number;
  /**
   * Which run of the job this is, from 1. It goes up with every failure and every stall (so that a late attempt can be told
   * from the present one), not when a lifter hands the job back. `attempt - stalls` runs count against `maxAttempts`.
   */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How often the lifter vanished under it. */
  readonly stalls: number;
  readonly target: Target;
  /** While a job of this kind with this key is open, the same request is that job. */
  readonly uniqueKey?: string;
  readonly failures: readonly Failure[];
  /** W3C Trace Context. */
  readonly traceparent?: string;
  readonly state: JobState;
  readonly cancelRequested?: CancelRequest;
}

/** A job's whole current state as the ledger holds it: from its acceptance until its requester has been told. */
export interface JobEntry extends NewJob {
  /** The short number that people type. Given by the ledger, never given twice. */
  readonly number: number;
  /** One more with every change written. The highest counts. */
  readonly revision: number;
}
