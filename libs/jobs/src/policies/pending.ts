import type { JobEntry, JobId } from '../domain/job.js';
import { targetName } from './choose.js';
import { createHeap, type Heap } from './heap.js';
import { requesterKey } from './tally.js';

/** What may be taken from the queue now. */
export interface Takeable {
  /** Whether there is a place for a job of the kind, on the lifter with the name if one is given. */
  place(kind: string, name: string | undefined): boolean;
  /** Whether the requester may have one more running. */
  requester(key: string): boolean;
}

/** Jobs that wait for a slot. */
export interface PendingQueue {
  readonly size: number;
  has(id: JobId): boolean;
  /** Takes a job in, or its new state. */
  add(entry: JobEntry): void;
  /** @returns whether it was there */
  remove(id: JobId): boolean;
  /** Takes out the first job, in the order of {@link goesBefore}, that may be taken. */
  take(takeable: Takeable): JobEntry | undefined;
  /** How many of the waiting jobs go before this one. For the latest of them that costs next to nothing; else all are looked at. */
  ahead(entry: JobEntry): number;
}

/** Priority, then age; of two equally old, the lower number. */
export function goesBefore(a: JobEntry, b: JobEntry): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.submitted !== b.submitted) return a.submitted < b.submitted;
  return a.number < b.number;
}

/** Jobs of one requester that can go to the same lifters. */
interface Lane {
  readonly requester: string;
  readonly entries: Heap<JobEntry>;
}

/** Jobs that can go to the same lifters. */
interface Group {
  readonly kind: string;
  readonly name: string | undefined;
  readonly lanes: Map<string, Lane>;
  readonly order: Heap<Lane>;
}

/**
 * The jobs are kept by kind, target and requester, so that what cannot be taken now is passed over as a whole: `take` costs
 * O(groups + requesters at their limit), each times log n, however many jobs wait.
 */
export function createPendingQueue(): PendingQueue {
  const groups = new Map<string, Group>();
  const queued = new Map<JobId, JobEntry>();
  /** How many there are of each priority. */
  const ofPriority = new Map<number, number>();
  /** No job that waits, or has waited, was submitted later, or has a higher number. */
  const latest = { submitted: 0, number: 0 };

  function count(priority: number, by: 1 | -1): void {
    ofPriority.set(priority, (ofPriority.get(priority) ?? 0) + by);
    if (ofPriority.get(priority) === 0) ofPriority.delete(priority);
  }

  function groupOf(entry: JobEntry): Group {
    const name = targetName(entry);
    const key = `${entry.kind} ${name ?? ''}`;
    const known = groups.get(key);
    if (known !== undefined) return known;
    const group: Group = {
      kind: entry.kind,
      name,
      lanes: new Map(),
      order: createHeap((a, b) => laneGoesBefore(a, b)),
    };
    groups.set(key, group);
    return group;
  }

  function laneOf(group: Group, entry: JobEntry): Lane {
    const requester = requesterKey(entry.requester);
    const known = group.lanes.get(requester);
    if (known !== undefined) return known;
    const lane: Lane = { requester, entries: createHeap(goesBefore) };
    group.lanes.set(requester, lane);
    return lane;
  }

  function remove(id: JobId): boolean {
    const entry = queued.get(id);
    if (entry === undefined) return false;
    queued.delete(id);
    count(entry.priority, -1);
    const group = groupOf(entry);
    const lane = laneOf(group, entry);
    lane.entries.remove(entry);
    if (lane.entries.size > 0) {
      group.order.update(lane);
      return true;
    }
    group.order.remove(lane);
    group.lanes.delete(lane.requester);
    if (group.lanes.size === 0) groups.delete(`${group.kind} ${group.name ?? ''}`);
    return true;
  }

  /** The group's first job whose requester may have one more; lanes passed over are put aside. */
  function firstOf(group: Group, takeable: Takeable, aside: Lane[]): JobEntry | undefined {
    for (let lane = group.order.peek(); lane !== undefined; lane = group.order.peek()) {
      if (takeable.requester(lane.requester)) return lane.entries.peek();
      group.order.remove(lane);
      aside.push(lane);
    }
    return undefined;
  }

  return {
    get size() {
      return queued.size;
    },
    has: (id) => queued.has(id),

    add(entry) {
      remove(entry.id);
      queued.set(entry.id, entry);
      count(entry.priority, 1);
      latest.submitted = Math.max(latest.submitted, entry.submitted);
      latest.number = Math.max(latest.number, entry.number);
      const group = groupOf(entry);
      const lane = laneOf(group, entry);
      lane.entries.push(entry);
      if (lane.entries.size === 1) group.order.push(lane);
      else group.order.update(lane);
    },

    remove,

    take(takeable) {
      let best: JobEntry | undefined;
      for (const group of groups.values()) {
        if (!takeable.place(group.kind, group.name)) continue;
        const aside: Lane[] = [];
        const first = firstOf(group, takeable, aside);
        for (const lane of aside) group.order.push(lane);
        if (first !== undefined && (best === undefined || goesBefore(first, best))) best = first;
      }
      if (best !== undefined) remove(best.id);
      return best;
    },

    ahead(entry) {
      if (entry.submitted < latest.submitted || entry.number < latest.number)
        return [...queued.values()].filter((other) => goesBefore(other, entry)).length;
      let sum = queued.has(entry.id) ? -1 : 0;
      for (const [priority, jobs] of ofPriority) if (priority >= entry.priority) sum += jobs;
      return sum;
    },
  };
}

function laneGoesBefore(a: Lane, b: Lane): boolean {
  const first = a.entries.peek();
  const other = b.entries.peek();
  return first !== undefined && (other === undefined || goesBefore(first, other));
}
