import type { JobId, LifterAnnouncement } from '@heavylift/jobs';

/** One incarnation of a lifter process, known by its full JID. */
export interface Lifter {
  /** The full JID. */
  readonly jid: string;
  /** How people call it: the local part of its account. */
  readonly name: string;
  /** What it last said of itself; undefined for one that only the ledger knows, from before this dispatcher's time. */
  readonly announcement: LifterAnnouncement | undefined;
  /** Since when it is not online; undefined while it is. */
  readonly goneSince: number | undefined;
  /** The jobs it has, by the ledger. */
  readonly jobs: ReadonlySet<JobId>;
}

/** Who lifts, and what they have in hand. */
export interface LifterRegistry {
  all(): IterableIterator<Lifter>;
  get(jid: string): Lifter | undefined;
  announced(jid: string, announcement: LifterAnnouncement): Lifter;
  /** @returns undefined if it is not known */
  left(jid: string, now: number): Lifter | undefined;
  /** A job was given to it. One that has not announced itself counts as gone from now on. */
  gave(jid: string, job: JobId, now: number): void;
  /** A job is no longer with it. */
  took(jid: string, job: JobId): void;
}

interface Mutable extends Lifter {
  announcement: LifterAnnouncement | undefined;
  goneSince: number | undefined;
  readonly jobs: Set<JobId>;
}

export function createLifterRegistry(): LifterRegistry {
  const lifters = new Map<string, Mutable>();

  function meet(jid: string, goneSince: number | undefined): Mutable {
    const known = lifters.get(jid);
    if (known !== undefined) return known;
    const met = {
      jid,
      name: lifterName(jid),
      announcement: undefined,
      goneSince,
      jobs: new Set<JobId>(),
    };
    lifters.set(jid, met);
    return met;
  }

  /** Who is gone and has nothing in hand is of no interest: its full JID never comes back. */
  function forgetIfDone(lifter: Lifter): void {
    if (lifter.goneSince !== undefined && lifter.jobs.size === 0) lifters.delete(lifter.jid);
  }

  return {
    all: () => lifters.values(),
    get: (jid) => lifters.get(jid),
    announced(jid, announcement) {
      const lifter = meet(jid, undefined);
      lifter.announcement = announcement;
      lifter.goneSince = undefined;
      return lifter;
    },
    left(jid, now) {
      const lifter = lifters.get(jid);
      if (lifter === undefined) return undefined;
      lifter.goneSince ??= now;
      forgetIfDone(lifter);
      return lifter;
    },
    gave(jid, job, now) {
      meet(jid, now).jobs.add(job);
    },
    took(jid, job) {
      const lifter = lifters.get(jid);
      if (lifter === undefined) return;
      lifter.jobs.delete(job);
      forgetIfDone(lifter);
    },
  };
}

/** `lifter-1` for `lifter-1@example.org/lifter-1.x7`. */
export function lifterName(jid: string): string {
  return jid.slice(0, jid.indexOf('@'));
}
