/** What to start and what to end, from what the ledger says and what runs. No I/O. */
import {
  DEADLINE,
  goesBefore,
  type JobEntry,
  type JobId,
  type JobState,
  ownText,
} from '@heavylift/jobs';

import { LRUCache } from 'lru-cache';
import type { RegisteredHandler } from './handlers/registry.js';

/** An entry that gives the job to one process. */
export type Assignment = JobEntry & { readonly state: Extract<JobState, { type: 'assigned' }> };

/** @param me full JID: it names one incarnation of one process, so an earlier life's jobs are not this one's */
export function isAssignedTo(entry: JobEntry, me: string): entry is Assignment {
  return entry.state.type === 'assigned' && entry.state.lifter === me;
}

/**
 * - `cancelled`: somebody asked for it.
 * - `expired`: its deadline has come.
 * - `lost`: the ledger gives the job to somebody else, or has let it go.
 * - `draining`: the lifter stops, and has no time left.
 */
export type AbortReason = 'cancelled' | 'expired' | 'lost' | 'draining';

export interface RunningAttempt {
  readonly attempt: number;
  /** It has been told to end. */
  readonly ending: boolean;
}

export interface Situation {
  /** What the ledger gives to this process. */
  readonly mine: ReadonlyMap<JobId, Assignment>;
  readonly running: ReadonlyMap<JobId, RunningAttempt>;
  /** Whether this very assignment has been acted upon before. */
  readonly isTaken: (assignment: Assignment) => boolean;
  /** Whether it has been, or is being, said how the attempt ended. */
  readonly isAnswered: (assignment: Assignment) => boolean;
  readonly slots: number;
  readonly draining: boolean;
  readonly handlerOf: (kind: string) => RegisteredHandler | undefined;
}

export type Decision =
  | { readonly type: 'start'; readonly assignment: Assignment; readonly handler: RegisteredHandler }
  | { readonly type: 'abort'; readonly job: JobId; readonly reason: AbortReason }
  /** Cancelled before it started. */
  | { readonly type: 'cancel'; readonly assignment: Assignment }
  | { readonly type: 'release'; readonly assignment: Assignment; readonly note: string };

/**
 * Decisions depend on the situation alone and not on how it came about, so they may be taken again at any time: what could not be
 * started for want of a slot is started by a later call.
 */
export function decide(situation: Situation): Decision[] {
  return [...toAbort(situation), ...toTakeUp(situation)];
}

function toAbort({ mine, running }: Situation): Decision[] {
  const decisions: Decision[] = [];
  for (const [job, { attempt, ending }] of running) {
    if (ending) continue;
    const assignment = mine.get(job);
    if (assignment?.attempt !== attempt) decisions.push({ type: 'abort', job, reason: 'lost' });
    else if (assignment.cancelRequested)
      decisions.push({ type: 'abort', job, reason: whyEnded(assignment) });
  }
  return decisions;
}

/** Why a job that is to end does: in the words of its result. */
export function whyEnded({ cancelRequested }: Assignment): 'cancelled' | 'expired' {
  return cancelRequested?.by === DEADLINE ? 'expired' : 'cancelled';
}

function toTakeUp(situation: Situation): Decision[] {
  const { running, isTaken, slots, draining, handlerOf } = situation;
  let free = slots - running.size;
  return untouched(situation)
    .sort((a, b) => (goesBefore(a, b) ? -1 : 1))
    .flatMap((assignment): Decision[] => {
      if (assignment.cancelRequested && !isTaken(assignment))
        return [{ type: 'cancel', assignment }];
      if (isTaken(assignment)) {
        // The ledger had given the job to somebody else in between, or the server had forgotten it.
        return [{ type: 'release', assignment, note: 'what became of the attempt is lost' }];
      }
      if (draining) return [{ type: 'release', assignment, note: 'the lifter is shutting down' }];
      const handler = handlerOf(assignment.kind);
      if (handler === undefined) {
        return [{ type: 'release', assignment, note: `there is no handler '${assignment.kind}'` }];
      }
      return free-- > 0 ? [{ type: 'start', assignment, handler }] : [];
    });
}

/** What neither runs nor is answered: nearly always next to nothing of what is assigned. */
function untouched({ mine, running, isTaken, isAnswered }: Situation): Assignment[] {
  const found: Assignment[] = [];
  for (const assignment of mine.values()) {
    if (running.has(assignment.id)) continue;
    if (!(isTaken(assignment) && isAnswered(assignment))) found.push(assignment);
  }
  return found;
}

/** Remembers which assignments have been acted upon, the last so many. */
export interface TakenAssignments {
  has(assignment: Assignment): boolean;
  add(assignment: Assignment): void;
  /** It was handed back: the same attempt may come again, as a later assignment. */
  release(assignment: Assignment): void;
}

interface Taken {
  readonly attempt: number;
  /** Assignments of the same attempt with a higher revision are new ones. */
  readonly until: number;
}

/**
 * A ledger that was read half, or an old event, may show an assignment anew after its job was done and forgotten there. So it is
 * remembered beyond that, up to a bound.
 */
export function takenAssignments(remember = 10_000): TakenAssignments {
  const taken = new LRUCache<JobId, Taken>({ max: remember });
  const put = ({ id, attempt }: Assignment, until: number) => {
    taken.set(ownText(id), { attempt, until });
  };
  return {
    has({ id, attempt, revision }) {
      const last = taken.peek(id);
      if (last === undefined || attempt > last.attempt) return false;
      return attempt < last.attempt || revision <= last.until;
    },
    add: (assignment) => put(assignment, Number.POSITIVE_INFINITY),
    release: (assignment) => put(assignment, assignment.revision),
  };
}
