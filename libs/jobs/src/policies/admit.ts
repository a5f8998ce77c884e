import { durationText } from './waiting.js';

/** How many jobs may be open (accepted and not told) at once. */
export interface BacklogLimits {
  /** @default 10_000 */
  readonly total?: number;
  /** @default 1_000 */
  readonly ofRequester?: number;
}

export interface AdmitContext {
  /** Open jobs. */
  readonly open: number;
  /** Those of the requester. */
  readonly openOfRequester: number;
  readonly limits?: BacklogLimits;
  /** Jobs that ended lately, a second; 0 if not known. */
  readonly endedPerSecond: number;
}

export type Admission =
  | { readonly admitted: true }
  | {
      readonly admitted: false;
      readonly reason: 'backlog-full' | 'requester-backlog-full';
      readonly limit: number;
      /** When to try again, in milliseconds. */
      readonly retryAfterMs: number;
      /** All of it in a sentence. */
      readonly text: string;
    };

const RETRY_AFTER_MS = { least: 5_000, unknown: 60_000, most: 600_000 };

/** Whether one more job is taken in; if not, why, and when to try again. */
export function admit({
  open,
  openOfRequester,
  limits: { total = 10_000, ofRequester = 1_000 } = {},
  endedPerSecond,
}: AdmitContext): Admission {
  if (openOfRequester >= ofRequester) {
    return refuse(
      'requester-backlog-full',
      ofRequester,
      `You have ${openOfRequester} open jobs, and ${ofRequester} are allowed`,
      // The others get their share of what ends.
      placeIn(openOfRequester - ofRequester, (endedPerSecond * openOfRequester) / open),
    );
  }
  if (open >= total) {
    const text = `There are ${open} open jobs already, and no more than ${total} are taken`;
    return refuse('backlog-full', total, text, placeIn(open - total, endedPerSecond));
  }
  return { admitted: true };
}

function refuse(
  reason: 'backlog-full' | 'requester-backlog-full',
  limit: number,
  why: string,
  retryAfterMs: number,
): Admission {
  const text = `${why}. Try again in ${durationText(retryAfterMs)}.`;
  return { admitted: false, reason, limit, retryAfterMs, text };
}

/** When so many more than allowed have ended, and one more. */
function placeIn(over: number, endedPerSecond: number): number {
  const { least, unknown, most } = RETRY_AFTER_MS;
  if (!(endedPerSecond > 0)) return unknown;
  return Math.min(most, Math.max(least, Math.ceil(((over + 1) / endedPerSecond) * 1_000)));
}
