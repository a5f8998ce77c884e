import { XmppError } from '../errors.js';
import type { XmlStream } from './stream.js';

/** Stanzas written and not yet acknowledged, at most: further ones wait, so that a server that never acknowledges costs bounded memory. */
const UNACKNOWLEDGED_MAX = 1_024;
/** Written stanzas after which an acknowledgement is asked for at the latest. */
const ACKNOWLEDGE_EVERY = 64;
/** Stanzas joined into one write. */
const BATCH = 64;

/** What to tell whoever waits when a stream is lost for good. */
export interface Losses {
  /** For what was sent, and may have arrived. */
  readonly sent: XmppError;
  /** For what never left. */
  readonly unsent: XmppError;
}

export interface OutgoingStanza {
  readonly xml: string;
  /** Handed to the connection. */
  readonly written?: () => void;
  /** The server has acknowledged it (XEP-0198). */
  readonly taken?: () => void;
  /** The stream was lost before it was taken. */
  readonly failed?: (error: XmppError) => void;
}

/**
 * Stanzas on their way: waiting, then written, then (with stream management, XEP-0198) acknowledged.
 * Invariant: what the server has not acknowledged is kept, in order, until it has or the stream is lost for good.
 */
export interface Outgoing {
  /** @throws XmppError `queue-full` */
  push(stanza: OutgoingStanza): void;
  /** A fresh stream is up; its server acknowledges if `acknowledging`. */
  attach(stream: XmlStream, acknowledging: boolean): void;
  /** The stream of before goes on over this one; `handled` counts all stanzas that the server ever had of it. */
  resume(stream: XmlStream, handled: number): void;
  /** The connection is gone; what is not acknowledged is kept. */
  detach(): void;
  /** The stream is lost for good. `handled`, if known, says what had arrived before. */
  abandon(losses: Losses, handled?: number): void;
  acknowledged(handled: number): void;
  /** Asks the server for an acknowledgement, once for all that is pushed in the same turn. */
  requestAcknowledgement(): void;
  /** The connection has room again. */
  drained(): void;
  /** The server acknowledges what it gets. */
  readonly acknowledging: boolean;
}

export function createOutgoing(maxWaiting: number): Outgoing {
  let stream: XmlStream | undefined;
  let acknowledging = false;
  let room = true;
  let flushing = false;
  let wanted = false;
  let sinceRequest = 0;
  let handledBefore = 0;
  const waiting: OutgoingStanza[] = [];
  const unacknowledged: OutgoingStanza[] = [];

  function schedule(): void {
    if (flushing) return;
    flushing = true;
    queueMicrotask(flush);
  }

  function flush(): void {
    flushing = false;
    while (stream !== undefined && room && waiting.length > 0) {
      const free = acknowledging ? UNACKNOWLEDGED_MAX - unacknowledged.length : BATCH;
      if (free <= 0) break;
      const batch = waiting.splice(0, Math.min(free, BATCH));
      room = stream.write(batch.map(({ xml }) => xml));
      if (acknowledging) {
        unacknowledged.push(...batch);
        sinceRequest += batch.length;
        if (sinceRequest >= ACKNOWLEDGE_EVERY) wanted = true;
      }
      for (const { written } of batch) written?.();
    }
    if (stream === undefined || !acknowledging || !wanted || !room) return;
    wanted = false;
    sinceRequest = 0;
    room = stream.write(['<r xmlns="urn:xmpp:sm:3"/>']);
  }

  function acknowledged(handled: number): void {
    if (!acknowledging) return;
    // The counter wraps at 2^32 (XEP-0198 section 4).
    const count = (handled - handledBefore) >>> 0;
    if (count > unacknowledged.length) {
      stream?.fail(
        new XmppError(
          'stream-error',
          `The server acknowledged ${count} stanzas where ${unacknowledged.length} were on their way`,
        ),
      );
      return;
    }
    handledBefore = handled;
    for (const { taken } of unacknowledged.splice(0, count)) taken?.();
    if (waiting.length > 0) schedule();
  }

  return {
    push(stanza) {
      if (waiting.length >= maxWaiting) {
        throw new XmppError(
          'queue-full',
          `${waiting.length} stanzas are waiting for the server already (maxInFlight + maxWaiting): send slower; nothing was sent`,
        );
      }
      waiting.push(stanza);
      schedule();
    },
    attach(newStream, newAcknowledging) {
      stream = newStream;
      acknowledging = newAcknowledging;
      room = true;
      handledBefore = 0;
      sinceRequest = 0;
      schedule();
    },
    resume(newStream, handled) {
      stream = newStream;
      room = true;
      acknowledged(handled);
      // What the server missed goes first, and is acknowledged anew.
      const missed = unacknowledged.map(({ xml }) => xml);
      if (missed.length > 0) room = newStream.write(missed);
      wanted = missed.length > 0;
      schedule();
    },
    detach() {
      stream = undefined;
    },
    abandon({ sent, unsent }, handled) {
      stream = undefined;
      if (handled !== undefined) acknowledged(handled);
      acknowledging = false;
      for (const { failed } of unacknowledged.splice(0)) failed?.(sent);
      for (const { failed } of waiting.splice(0)) failed?.(unsent);
    },
    acknowledged,
    requestAcknowledgement() {
      wanted = true;
      schedule();
    },
    drained() {
      room = true;
      schedule();
    },
    get acknowledging() {
      return acknowledging;
    },
  };
}
