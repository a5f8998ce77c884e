import type { Instant, JobEntry, JobId } from '../domain/job.js';
import { targetName } from './choose.js';
import { createHeap, type Heap } from './heap.js';
import { createRoundCounts, type RoundCounts } from './round-counts.js';
import { requesterKey } from './tally.js';
import { compareRanks, defaultAgeingMs, type QueueOrder, type Rank, rankOf } from './turns.js';

/** What may be taken from the queue now. */
export interface Takeable {
  /** Whether there is a place for a job of the kind, on the lifter with the name if one is given. */
  place(kind: string, name: string | undefined): boolean;
  /** Whether the requester may have one more running. */
  requester(key: string): boolean;
}

/**
 * Jobs that wait for a slot. Requesters take turns: of those that wait with jobs of the same priority, the one that has waited longest for a
 * turn has its oldest job taken. Waiting raises the priority slowly.
 */
export interface PendingQueue {
  readonly size: number;
  has(id: JobId): boolean;
  /** Takes a job in, or its new state. */
  add(entry: JobEntry, now: Instant): void;
  /** @returns whether it was there */
  remove(id: JobId): boolean;
  /** Takes out the job whose turn it is, of those that may be taken. */
  take(takeable: Takeable, now: Instant): JobEntry | undefined;
  /** A job of theirs was given to a lifter then: counts as a turn of whoever waits with others like it. */
  hadTurn(entry: JobEntry, at: Instant): void;
  /** How many of the waiting jobs may go before this one, those that come later left aside. */
  ahead(entry: JobEntry): number;
}

/** Priority, then age; of two equally old, the lower number. */
export function goesBefore(a: JobEntry, b: JobEntry): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.submitted !== b.submitted) return a.submitted < b.submitted;
  return a.number < b.number;
}

/** Since when the job could have been running: from its start, or the end of the pause after a failure. */
export function waitsSince({ submitted, notBefore = submitted, failures }: JobEntry): Instant {
  return Math.max(submitted, notBefore, failures.at(-1)?.at ?? submitted);
}

/** Turns of one requester with jobs of one priority. */
interface Turns {
  /** Of the last one; -Infinity before the first. */
  at: Instant;
  ordinal: number;
  /** In how many they wait, by group. */
  readonly lanes: Map<Group, Lane>;
}

/** Jobs of one requester and priority that can go to the same lifters, oldest first. */
interface Lane {
  readonly key: string;
  readonly requester: string;
  readonly priority: number;
  readonly turns: Turns;
  readonly entries: Heap<JobEntry>;
  joined: Instant;
  /** Of all that have joined or had a turn. */
  readonly joinedAs: number;
  /** Of its last turn. */
  turn: Instant;
  /** No job that is or was in it goes behind this one. */
  latest: JobEntry;
  /** Undefined while it is empty. */
  rank: Rank | undefined;
}

/** Jobs that can go to the same lifters. */
interface Group {
  readonly kind: string;
  readonly name: string | undefined;
  readonly lanes: Map<string, Lane>;
  readonly order: Heap<Lane>;
}

/**
 * The jobs are kept by kind, target, requester and priority, so that what cannot be taken now is passed over as a whole: `take` costs
 * O(groups + requesters at their limit), each times log n, however many jobs wait.
 */
export function createPendingQueue(order: QueueOrder = {}): PendingQueue {
  const { takesTurns = true, ageingMs = defaultAgeingMs } = order;
  const groups = new Map<string, Group>();
  const queued = new Map<JobId, JobEntry>();
  const turnsOf = new Map<string, Turns>();
  const rounds = new Map<number, RoundCounts>();
  let events = 0;
  /** No job that is or was in the queue was submitted later, or has a higher number. */
  const latest = { submitted: 0, number: 0 };

  function nextOrdinal(): number {
    events += 1;
    return events;
  }

  function groupOf(entry: JobEntry): Group {
    const name = targetName(entry);
    const key = groupKey(entry.kind, name);
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
    const key = laneKey(entry);
    const known = group.lanes.get(key);
    if (known !== undefined) return known;
    const turns = turnsOf.get(key) ?? {
      ...{ at: Number.NEGATIVE_INFINITY, ordinal: 0 },
      lanes: new Map(),
    };
    turnsOf.set(key, turns);
    const lane: Lane = {
      ...{ key, requester: requesterKey(entry.requester), priority: entry.priority, turns },
      entries: createHeap(goesBefore),
      joined: Number.POSITIVE_INFINITY,
      joinedAs: nextOrdinal(),
      turn: Number.NEGATIVE_INFINITY,
      latest: entry,
      rank: undefined,
    };
    group.lanes.set(key, lane);
    turns.lanes.set(group, lane);
    return lane;
  }

  function forget(group: Group, lane: Lane): void {
    group.order.remove(lane);
    group.lanes.delete(lane.key);
    lane.turns.lanes.delete(group);
    // Whoever comes again waits from then on, which is later than any turn.
    if (lane.turns.lanes.size === 0) turnsOf.delete(lane.key);
    if (group.lanes.size === 0) groups.delete(groupKey(group.kind, group.name));
  }

  function rank({ priority, joined, joinedAs, turns, turn, entries }: Lane): Rank | undefined {
    const first = entries.peek();
    if (first === undefined) return undefined;
    if (!takesTurns) {
      const never = Number.NEGATIVE_INFINITY;
      const age = { joined: first.submitted, turn: never, laneTurn: never, ordinal: 0 };
      return rankOf({ priority, ...age }, ageingMs);
    }
    const ordinal = turns.at >= joined ? Math.max(joinedAs, turns.ordinal) : joinedAs;
    return rankOf({ priority, joined, turn: turns.at, laneTurn: turn, ordinal }, ageingMs);
  }

  /** To be called when anything about it has changed. */
  function reorder(group: Group, lane: Lane): void {
    lane.rank = rank(lane);
    group.order.update(lane);
  }

  function laneGoesBefore(a: Lane, b: Lane): boolean {
    if (a.rank === undefined || b.rank === undefined) return a.rank !== undefined;
    const by = compareRanks(a.rank, b.rank, ageingMs);
    if (by !== 0) return by < 0;
    const [first, other] = [a.entries.peek(), b.entries.peek()];
    return first !== undefined && (other === undefined || goesBefore(first, other));
  }

  function roundsOf(priority: number): RoundCounts {
    const known = rounds.get(priority) ?? createRoundCounts();
    rounds.set(priority, known);
    return known;
  }

  function remove(id: JobId): boolean {
    const entry = queued.get(id);
    if (entry === undefined) return false;
    queued.delete(id);
    const group = groupOf(entry);
    const lane = laneOf(group, entry);
    const counts = roundsOf(entry.priority);
    counts.shrank(lane.entries.size);
    if (counts.total === 0) rounds.delete(entry.priority);
    lane.entries.remove(entry);
    if (lane.entries.size > 0) reorder(group, lane);
    else forget(group, lane);
    return true;
  }

  /** The group's first lane whose requester may have one more; lanes passed over are put aside. */
  function firstOf(group: Group, takeable: Takeable, aside: Lane[]): Lane | undefined {
    for (let lane = group.order.peek(); lane !== undefined; lane = group.order.peek()) {
      if (takeable.requester(lane.requester)) return lane;
      group.order.remove(lane);
      aside.push(lane);
    }
    return undefined;
  }

  function firstLane(takeable: Takeable): Lane | undefined {
    let best: Lane | undefined;
    for (const group of groups.values()) {
      if (!takeable.place(group.kind, group.name)) continue;
      const aside: Lane[] = [];
      const first = firstOf(group, takeable, aside);
      for (const lane of aside) group.order.push(lane);
      if (first !== undefined && (best === undefined || laneGoesBefore(first, best))) best = first;
    }
    return best;
  }

  /** For a job that is the youngest of its priority that costs next to nothing. */
  function olderThan(entry: JobEntry): number {
    if (entry.submitted < latest.submitted || entry.number < latest.number)
      return [...queued.values()].filter((other) => goesBefore(other, entry)).length;
    let sum = queued.has(entry.id) ? -1 : 0;
    for (const [priority, counts] of rounds) if (priority >= entry.priority) sum += counts.total;
    return sum;
  }

  function hadTurn(entry: JobEntry, at: Instant): void {
    const turns = turnsOf.get(laneKey(entry));
    if (turns === undefined) return;
    turns.at = Math.max(turns.at, at);
    turns.ordinal = nextOrdinal();
    const here = groups.get(groupKey(entry.kind, targetName(entry)));
    for (const [group, lane] of turns.lanes) {
      if (group === here) lane.turn = Math.max(lane.turn, at);
      reorder(group, lane);
    }
  }

  return {
    get size() {
      return queued.size;
    },
    has: (id) => queued.has(id),

    add(entry, now) {
      remove(entry.id);
      queued.set(entry.id, entry);
      const group = groupOf(entry);
      const lane = laneOf(group, entry);
      // A clock that was ahead of ours shall not keep anybody waiting.
      lane.joined = Math.min(lane.joined, waitsSince(entry), now);
      lane.latest = later(lane.latest, entry);
      latest.submitted = Math.max(latest.submitted, entry.submitted);
      latest.number = Math.max(latest.number, entry.number);
      roundsOf(entry.priority).grew(lane.entries.size);
      lane.entries.push(entry);
      lane.rank = rank(lane);
      if (lane.entries.size === 1) group.order.push(lane);
      else group.order.update(lane);
    },

    remove,

    take(takeable, now) {
      const entry = firstLane(takeable)?.entries.peek();
      if (entry === undefined) return undefined;
      remove(entry.id);
      hadTurn(entry, now);
      return entry;
    },

    hadTurn,

    ahead(entry) {
      if (!takesTurns) return olderThan(entry);
      let sum = 0;
      for (const [priority, counts] of rounds) if (priority > entry.priority) sum += counts.total;
      const lane = groups.get(groupKey(entry.kind, targetName(entry)))?.lanes.get(laneKey(entry));
      const before = lane === undefined ? 0 : placeIn(lane, entry);
      const isIn = queued.has(entry.id) ? 1 : 0;
      return sum + (rounds.get(entry.priority)?.upTo(before + 1) ?? 0) - isIn;
    },
  };
}

/** How many of the lane's jobs go before this one. For the latest of them that costs next to nothing. */
function placeIn(lane: Lane, entry: JobEntry): number {
  if (!goesBefore(entry, lane.latest)) return lane.entries.size - 1;
  let count = 0;
  for (const other of lane.entries) if (goesBefore(other, entry)) count += 1;
  return count;
}

const later = (a: JobEntry, b: JobEntry): JobEntry => (goesBefore(a, b) ? b : a);

const groupKey = (kind: string, name: string | undefined): string => `${kind} ${name ?? ''}`;

const laneKey = (entry: JobEntry): string => `${entry.priority} ${requesterKey(entry.requester)}`;
