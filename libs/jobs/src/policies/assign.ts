import type { Instant, JobEntry } from '../domain/job.js';
import {
  chooseLifter,
  kindLimitReached,
  type LifterLoad,
  type Limits,
  requesterLimitReached,
  takes,
} from './choose.js';
import type { PendingQueue } from './pending.js';
import { type Counts, createTally } from './tally.js';

export interface Assignment {
  readonly entry: JobEntry;
  /** Full JID. */
  readonly lifter: string;
}

export interface AssignContext {
  readonly queue: PendingQueue;
  readonly now: Instant;
  readonly lifters: Iterable<LifterLoad>;
  /** Jobs assigned now. */
  readonly running: Counts;
  readonly limits: Limits;
  /** Whether the lifter had better not have the job, having handed it back; it gets it if no other takes it. @default never */
  readonly hasDeclined?: (entry: JobEntry, lifter: string) => boolean;
}

/**
 * Gives free slots to waiting jobs until no slot is free that any of them could take: in the queue's order, each to the least
 * loaded lifter. What is assigned is taken out of the queue; nothing else changes.
 */
export function assignPending(context: AssignContext): Assignment[] {
  const { queue, now, lifters, running, limits, hasDeclined = () => false } = context;
  const loads = new Map([...lifters].map((lifter) => [lifter.jid, { ...lifter }]));
  const given = createTally();
  const counts: Counts = {
    get total() {
      return running.total + given.total;
    },
    ofKind: (kind) => running.ofKind(kind) + given.ofKind(kind),
    ofRequester: (key) => running.ofRequester(key) + given.ofRequester(key),
  };
  const place = (kind: string, name: string | undefined): boolean => {
    if (kindLimitReached(kind, counts, limits)) return false;
    for (const lifter of loads.values()) {
      if (lifter.busy < lifter.slots && takes(lifter, kind, name)) return true;
    }
    return false;
  };
  const requester = (key: string): boolean => !requesterLimitReached(key, counts, limits);

  const assignments: Assignment[] = [];
  for (;;) {
    const entry = queue.take({ place, requester }, now);
    if (entry === undefined) return assignments;
    const willing = [...loads.values()].filter(({ jid }) => !hasDeclined(entry, jid));
    const lifter = chooseLifter(entry, willing) ?? chooseLifter(entry, loads.values());
    // The queue gave it because there is a place, unless it is a job for all, which has no business in the queue.
    if (lifter === undefined) continue;
    lifter.busy += 1;
    given.add(entry);
    assignments.push({ entry, lifter: lifter.jid });
  }
}
