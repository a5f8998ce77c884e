import { durationText } from './waiting.js';

/** How much may be open (accepted and not told) at once. */
export interface BacklogLimits {
  /** Jobs. @default 10_000 */
  readonly total?: number;
  /** @default 1_000 */
  readonly ofRequester?: number;
  /** Bytes of the ledger. @default 24 MiB */
  readonly totalBytes?: number;
  /** @default 4 MiB */
  readonly ofRequesterBytes?: number;
}

export interface AdmitContext {
  /** Open jobs. */
  readonly open: number;
  /** Those of the requester. */
  readonly openOfRequester: number;
  /** Bytes that open jobs take in the ledger. */
  readonly bytes: number;
  /** Those of the requester's. */
  readonly bytesOfRequester: number;
  /** Bytes that the new job takes, its parts included. */
  readonly asked: number;
  readonly limits?: BacklogLimits;
  /** Jobs that ended lately, a second; 0 if not known. */
  readonly endedPerSecond: number;
}

type Reason = 'backlog-full' | 'requester-backlog-full' | 'bytes-full' | 'requester-bytes-full';

export type Admission =
  | { readonly admitted: true }
  | {
      readonly admitted: false;
      readonly reason: Reason;
      /** The limit that it would go over, in jobs or bytes. */
      readonly limit: number;
      /** When to try again, in milliseconds. */
      readonly retryAfterMs: number;
      /** All of it in a sentence. */
      readonly text: string;
    };

/** What a job's entry grows by when it is given to a lifter, cancelled, or fails: room for that is kept from the beginning. */
export const RESERVED_PER_JOB_BYTES = 512;

const MIB = 1_048_576;
const RETRY_AFTER_MS = { least: 5_000, unknown: 60_000, most: 600_000 };

/** Whether one more job is taken in; if not, why, and when to try again. */
export function admit(context: AdmitContext): Admission {
  const { open, openOfRequester, asked, endedPerSecond } = context;
  const { total = 10_000, ofRequester = 1_000 } = context.limits ?? {};
  const { totalBytes = 24 * MIB, ofRequesterBytes = 4 * MIB } = context.limits ?? {};
  // The others get their share of what ends.
  const endedOfRequester = (endedPerSecond * openOfRequester) / open;
  const wanted = asked + RESERVED_PER_JOB_BYTES;
  const bytes = context.bytes + open * RESERVED_PER_JOB_BYTES;
  const ownBytes = context.bytesOfRequester + openOfRequester * RESERVED_PER_JOB_BYTES;
  /** About so many jobs have to end first. */
  const excess = (over: number, inAll: number, jobs: number) => (over / inAll) * jobs;

  if (openOfRequester >= ofRequester) {
    return refuse(
      'requester-backlog-full',
      ofRequester,
      `You have ${openOfRequester} open jobs, and ${ofRequester} are allowed`,
      placeIn(openOfRequester - ofRequester, endedOfRequester),
    );
  }
  if (ownBytes + wanted > ofRequesterBytes) {
    const over = excess(ownBytes + wanted - ofRequesterBytes, ownBytes, openOfRequester);
    return refuse(
      'requester-bytes-full',
      ofRequesterBytes,
      `Your ${openOfRequester} open jobs take ${kib(ownBytes)}, this one would take ${kib(wanted)}, and ${kib(ofRequesterBytes)} are allowed`,
      placeIn(over, endedOfRequester),
    );
  }
  if (open >= total) {
    const text = `There are ${open} open jobs already, and no more than ${total} are taken`;
    return refuse('backlog-full', total, text, placeIn(open - total, endedPerSecond));
  }
  if (bytes + wanted > totalBytes) {
    const over = excess(bytes + wanted - totalBytes, bytes, open);
    const text = `The ${open} open jobs of all take ${kib(bytes)}, this one would take ${kib(wanted)}, and no more than ${kib(totalBytes)} are taken`;
    return refuse('bytes-full', totalBytes, text, placeIn(over, endedPerSecond));
  }
  return { admitted: true };
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1_024).toLocaleString('en')} KiB`;
}

function refuse(reason: Reason, limit: number, why: string, retryAfterMs: number): Admission {
  const text = `${why}. Try again in ${durationText(retryAfterMs)}.`;
  return { admitted: false, reason, limit, retryAfterMs, text };
}

/** When so many more than allowed have ended, and one more. */
function placeIn(over: number, endedPerSecond: number): number {
  const { least, unknown, most } = RETRY_AFTER_MS;
  if (!(endedPerSecond > 0)) return unknown;
  const ms = Math.ceil(((over + 1) / endedPerSecond) * 1_000);
  return Number.isNaN(ms) ? unknown : Math.min(most, Math.max(least, ms));
}
