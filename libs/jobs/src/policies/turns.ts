import type { Instant } from '../domain/job.js';

/** How waiting jobs take turns. */
export interface QueueOrder {
  /** Whether requesters take turns; else jobs go by age, whoever asked. @default true */
  readonly takesTurns?: boolean;
  /** Waiting for so long counts as much as one step of priority, in milliseconds; 0: it counts nothing. @default 60_000 */
  readonly ageingMs?: number;
}

/** Where somebody stands who waits with jobs of one priority. */
export interface Standing {
  readonly priority: number;
  /** Since when one of the jobs has been waiting. */
  readonly joined: Instant;
  /** When the requester had a job of this priority given to a lifter last; -Infinity if never. */
  readonly turn: Instant;
  /** Of two who joined, or had their turns, in the same millisecond the lower one was first. */
  readonly ordinal: number;
  /** As `turn`, of jobs that can go to the same lifters only. */
  readonly laneTurn: Instant;
}

export const defaultAgeingMs = 60_000;

/** What settles who goes first. None of it changes while time passes: all that wait grow older alike. */
export interface Rank {
  readonly priority: number;
  /** Since when it has been the requester's turn; each step of priority is worth some time of waiting. */
  readonly since: Instant;
  readonly ordinal: number;
}

export function rankOf(standing: Standing, ageingMs: number): Rank {
  const { priority, ordinal } = standing;
  return { priority, since: waitingSince(standing, ageingMs) - priority * ageingMs, ordinal };
}

/** Negative if the first goes first, positive if the other one does. */
export function compareRanks(a: Rank, b: Rank, ageingMs: number): number {
  const byPriority = b.priority - a.priority;
  if (ageingMs === 0 && byPriority !== 0) return byPriority;
  return a.since - b.since || byPriority || a.ordinal - b.ordinal;
}

/** Since when it has been the requester's turn. */
function waitingSince({ joined, turn, laneTurn }: Standing, ageingMs: number): Instant {
  const own = Math.max(joined, turn);
  // Whose turns all go to jobs for other lifters would never have one here: that counts as waiting, if later.
  return Math.min(own, Math.max(joined, laneTurn) + (ageingMs === 0 ? defaultAgeingMs : ageingMs));
}
