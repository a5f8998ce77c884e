import type { Item, PubSubEvent } from './event.js';

/**
 * Listens before it reads: events that come while the items are read are applied to what was read, so nothing is missed in between.
 * Calls are in order and never overlap. One that throws is logged and breaks nothing.
 */
export interface ReplicaObserver<T> {
  /** The whole content, after the first read and after every read that followed a break. */
  reset(items: readonly Item<T>[]): void;
  /** What changed since, one event at a time. */
  event(event: PubSubEvent<T>): void;
  /** A read failed; it is tried again with backoff. */
  failed?(error: unknown): void;
}

export interface ReplicaOptions {
  /**
   * Subscribes the own bare JID before each read. Without it, events come only if somebody has subscribed the account.
   * Mind that some services lose updates if an account subscribes while another of its connections publishes to the node.
   * @default false
   */
  readonly subscribe?: boolean;
  /** Items asked for at once while reading, at most: large ones are asked for fewer at a time. @default 500 */
  readonly pageSize?: number;
  /** Ids that events may touch during one read; beyond, the read starts over. Bounds memory. @default 10_000 */
  readonly maxPending?: number;
  /** Waits between reads that fail, in milliseconds. @default from 250 to 15_000, doubling, with jitter */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number };
}

export interface Replica extends AsyncDisposable {
  /** Resolves after the first `reset`. @throws XmppError `stopped` if it is stopped before */
  readonly ready: Promise<void>;
  /** Reads again, now. Resolves after the `reset`. @throws XmppError `stopped` if it is stopped before */
  refresh(): Promise<void>;
  /** No observer call comes after it. */
  stop(): Promise<void>;
}
