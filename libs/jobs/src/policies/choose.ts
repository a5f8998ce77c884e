import type { JobEntry } from '../domain/job.js';
import { type Counts, requesterKey } from './tally.js';

/** A live lifter, as the dispatcher knows it. */
export interface LifterLoad {
  /** Full JID. */
  readonly jid: string;
  /** What people call it, and what a target names. */
  readonly name: string;
  readonly handlers: ReadonlySet<string>;
  readonly slots: number;
  /** Jobs given to it that have not ended. */
  readonly busy: number;
  readonly draining: boolean;
}

/** How many jobs may run at once. What is not named is not limited. */
export interface Limits {
  /** Of each kind, by handler name. */
  readonly runningOfKind?: Readonly<Record<string, number>>;
  /** Of each requester. */
  readonly runningOfRequester?: number;
}

/** Which limit, if any, keeps a job of this kind and requester from running now. */
export function limitReached(
  entry: Pick<JobEntry, 'kind' | 'requester'>,
  running: Counts,
  limits: Limits,
): 'kind' | 'requester' | undefined {
  if (kindLimitReached(entry.kind, running, limits)) return 'kind';
  if (requesterLimitReached(requesterKey(entry.requester), running, limits)) return 'requester';
  return undefined;
}

export function kindLimitReached(kind: string, running: Counts, limits: Limits): boolean {
  const limit = kindLimit(kind, limits);
  return limit !== undefined && running.ofKind(kind) >= limit;
}

/** A handler may be called `constructor`, which every object has. */
export function kindLimit(kind: string, { runningOfKind = {} }: Limits): number | undefined {
  return Object.hasOwn(runningOfKind, kind) ? runningOfKind[kind] : undefined;
}

export function requesterLimitReached(key: string, running: Counts, limits: Limits): boolean {
  const limit = limits.runningOfRequester;
  return limit !== undefined && running.ofRequester(key) >= limit;
}

/** The one lifter that a target names; undefined if it names none. */
export function targetName({ target }: Pick<JobEntry, 'target'>): string | undefined {
  return target.type === 'lifter' || target.type === 'child' ? target.name : undefined;
}

/** Whether the lifter takes such jobs, if it has a slot. */
export function takes(lifter: LifterLoad, kind: string, name: string | undefined): boolean {
  return (
    !lifter.draining && lifter.handlers.has(kind) && (name === undefined || name === lifter.name)
  );
}

/**
 * The lifter to give the job to: of those that take it and have a free slot, the one with the smallest share of its slots taken;
 * of these, the one with the most free; then by JID, so that the choice does not depend on the order of the lifters.
 * Limits are the caller's to check, with {@link limitReached}. A job for all is nobody's: its children are.
 */
export function chooseLifter<L extends LifterLoad>(
  entry: Pick<JobEntry, 'kind' | 'target'>,
  lifters: Iterable<L>,
): L | undefined {
  if (entry.target.type === 'all') return undefined;
  const name = targetName(entry);
  let best: L | undefined;
  for (const lifter of lifters) {
    if (lifter.busy >= lifter.slots || !takes(lifter, entry.kind, name)) continue;
    if (best === undefined || isLessLoaded(lifter, best)) best = lifter;
  }
  return best;
}

function isLessLoaded(a: LifterLoad, b: LifterLoad): boolean {
  const byShare = a.busy * b.slots - b.busy * a.slots;
  const byFree = b.slots - b.busy - (a.slots - a.busy);
  return byShare < 0 || (byShare === 0 && (byFree < 0 || (byFree === 0 && a.jid < b.jid)));
}
