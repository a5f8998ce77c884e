import type { JobEntry } from '@heavylift/jobs';
import type { Lifter } from './lifters.js';

export function isLive(lifter: Lifter): boolean {
  return lifter.announcement !== undefined && lifter.goneSince === undefined;
}

export function freeSlots(lifter: Lifter): number {
  const { announcement } = lifter;
  if (announcement === undefined || !isLive(lifter) || announcement.draining) return 0;
  return Math.max(0, announcement.slots - lifter.jobs.size);
}

/** May it run the job at all, whether or not it has a free slot? */
export function mayRun(lifter: Lifter, { kind, target }: JobEntry): boolean {
  if (target.type === 'all') return false;
  if (target.type !== 'any' && target.name !== lifter.name) return false;
  return lifter.announcement?.handlers.includes(kind) ?? false;
}

/** The one with the smallest part of its slots taken; undefined if none may run it and has a free slot. */
export function chooseLifter(entry: JobEntry, lifters: readonly Lifter[]): Lifter | undefined {
  const load = (lifter: Lifter) => lifter.jobs.size / (lifter.announcement?.slots ?? 1);
  let best: Lifter | undefined;
  for (const lifter of lifters) {
    if (freeSlots(lifter) === 0 || !mayRun(lifter, entry)) continue;
    if (best === undefined || load(lifter) < load(best)) best = lifter;
  }
  return best;
}

/** What stands between a job and its run, in words. */
export function whyWaiting(entry: JobEntry, lifters: readonly Lifter[], now: number): string {
  const { notBefore, target, kind } = entry;
  if (notBefore !== undefined && notBefore > now)
    return `its time has not come, that is in ${Math.ceil((notBefore - now) / 1000)} s`;
  const live = lifters.filter(isLive);
  if (live.length === 0) return 'no lifter is online';
  const named = target.type === 'lifter' || target.type === 'child' ? target.name : undefined;
  if (named !== undefined && !live.some(({ name }) => name === named))
    return `${named} is not online`;
  const able = live.filter((lifter) => mayRun(lifter, entry));
  if (able.length === 0) return `nobody online knows how to ${kind}`;
  if (able.every((lifter) => lifter.announcement?.draining === true))
    return 'the lifters that know how to do it are shutting down';
  return named === undefined ? 'all slots are busy' : `all slots of ${named} are busy`;
}
