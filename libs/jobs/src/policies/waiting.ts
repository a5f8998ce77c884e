import type { Instant, JobEntry } from '../domain/job.js';
import {
  kindLimit,
  type LifterLoad,
  type Limits,
  limitReached,
  takes,
  targetName,
} from './choose.js';
import type { Counts } from './tally.js';

/** Why a job does not run. */
export type Waiting =
  /** Its start was asked for later, or it pauses after a failed attempt. */
  | { readonly for: 'start' | 'next-attempt'; readonly at: Instant }
  /** A lifter handed it back, and no other one has a free slot for it. */
  | { readonly for: 'another-try'; readonly at: Instant }
  /** It is for all lifters, and their parts are not done. */
  | { readonly for: 'children' }
  /** No live lifter has its handler. */
  | { readonly for: 'handler'; readonly kind: string }
  /** The lifter it is for is not there, or has not the handler. */
  | { readonly for: 'lifter'; readonly name: string }
  /** Every lifter that could take it is shutting down. */
  | { readonly for: 'drained-lifter' }
  /** As many of its kind run as may. */
  | { readonly for: 'kind-limit'; readonly kind: string; readonly limit: number }
  /** As many of its requester run as may. */
  | { readonly for: 'requester-limit'; readonly limit: number }
  /** Every slot for it is taken. */
  | { readonly for: 'slot'; readonly ahead: number };

export interface WaitingContext {
  readonly now: Instant;
  readonly lifters: Iterable<LifterLoad>;
  readonly running: Counts;
  readonly limits: Limits;
  /** Waiting jobs that go before it. */
  readonly ahead: number;
  /** A lifter that goes on has handed it back. @default false */
  readonly handedBack?: boolean;
}

/** Why the job does not run; undefined if it is assigned. The reason named is the one that has to go first. */
export function whyWaiting(entry: JobEntry, context: WaitingContext): Waiting | undefined {
  if (entry.state.type === 'assigned') return undefined;
  const { notBefore, kind } = entry;
  if (notBefore !== undefined && notBefore > context.now) {
    if (context.handedBack === true) return { for: 'another-try', at: notBefore };
    return { for: entry.failures.length > 0 ? 'next-attempt' : 'start', at: notBefore };
  }
  if (entry.target.type === 'all') return { for: 'children' };
  const name = targetName(entry);
  const able = [...context.lifters].filter((lifter) =>
    takes({ ...lifter, draining: false }, kind, name),
  );
  if (able.length === 0)
    return name === undefined ? { for: 'handler', kind } : { for: 'lifter', name };
  if (able.every(({ draining }) => draining)) return { for: 'drained-lifter' };
  const { limits } = context;
  switch (limitReached(entry, context.running, limits)) {
    case 'kind':
      return { for: 'kind-limit', kind, limit: kindLimit(kind, limits) ?? 0 };
    case 'requester':
      return { for: 'requester-limit', limit: limits.runningOfRequester ?? 0 };
    default:
      return { for: 'slot', ahead: context.ahead };
  }
}

/** The reason as part of a sentence: "it waits …". */
export function waitingText(waiting: Waiting, now: Instant): string {
  switch (waiting.for) {
    case 'start':
      return `for its start in ${durationText(waiting.at - now)}`;
    case 'next-attempt':
      return `for its next attempt in ${durationText(waiting.at - now)}`;
    case 'another-try':
      return `for another try in ${durationText(waiting.at - now)}: a lifter handed it back`;
    case 'children':
      return 'for every lifter to do its part';
    case 'handler':
      return `for a lifter that knows "${waiting.kind}"; none is there`;
    case 'lifter':
      return `for the lifter "${waiting.name}", which is not there or does not know this job`;
    case 'drained-lifter':
      return 'for another lifter: those that know this job are shutting down';
    case 'kind-limit':
      return `for a running "${waiting.kind}" to end: ${waiting.limit} at once are allowed`;
    case 'requester-limit':
      return `for one of your running jobs to end: ${waiting.limit} at once are allowed`;
    case 'slot':
      return `for a free slot, with ${waiting.ahead} waiting before it`;
  }
}

/** A length of time for people: `8 s`, `3 min`, `2 h`, `4 d`; rounded up. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.ceil(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.ceil(seconds / 3_600)} h`;
  return `${Math.ceil(seconds / 86_400)} d`;
}
