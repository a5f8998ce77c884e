import {
  aggregate,
  childOf,
  DEADLINE,
  type Instant,
  type JobEntry,
  type JobId,
  type JobResult,
  type Ledger,
  type LifterLoad,
  lifterNamesFor,
  type NewJob,
  takes,
  targetName,
} from '@heavylift/jobs';
import { createFamilies } from './families.js';
import type { Outcome } from './types.js';

/** What is done to single jobs, wholes and parts among them. */
export interface WholesPorts {
  readonly ledger: Pick<Ledger, 'get'>;
  readonly lifters: () => readonly LifterLoad[];
  readonly outcome: (job: JobId) => JobResult | undefined;
  readonly isDelayed: (job: JobId) => boolean;
  readonly takeIn: (job: NewJob) => JobEntry;
  readonly dismiss: (entry: JobEntry) => void;
  readonly end: (entry: JobEntry, outcome: Outcome) => void;
  readonly endWith: (entry: JobEntry, result: JobResult) => void;
  readonly requestCancel: (entry: JobEntry, by: string) => void;
  readonly lookAgainAt: (job: JobId, at: Instant) => void;
  readonly now: () => Instant;
  readonly graceMs: number;
  readonly cancelGraceMs: number;
}

/** Jobs for all lifters: a whole, which never runs itself, and a part of it for each of them. */
export interface Wholes {
  add(entry: JobEntry): void;
  remove(entry: JobEntry): void;
  partsOf(whole: JobId): readonly JobEntry[];
  /** Parts were written before their whole: without it they were never accepted, or are what is left of one that was let go. */
  orphans(): readonly JobEntry[];
  /** Takes in a whole with its parts; undefined if there is no lifter for it. */
  submit(job: NewJob, makeId: () => JobId): JobEntry | undefined;
  /** To be told of every job whose outcome is known. */
  settled(entry: JobEntry): void;
  /** Has it end by its parts' ending, those that run included. */
  end(whole: JobEntry, status: 'cancelled' | 'expired'): void;
  /** A part waits for one lifter alone; if that one is gone for good the others' answers are not held up. */
  endDesertedParts(): void;
}

export function createWholes(ports: WholesPorts): Wholes {
  const { ledger, lifters, outcome, isDelayed, takeIn, dismiss, endWith, requestCancel } = ports;
  const { lookAgainAt, now, graceMs, cancelGraceMs } = ports;
  const families = createFamilies();
  /** Since when there is nobody for a part. */
  const deserted = new Map<JobId, Instant>();

  const partsOf = (whole: JobId): readonly JobEntry[] =>
    families.childrenOf(whole).flatMap((id) => ledger.get(id) ?? []);

  /** A whole ends when the last of its parts has. */
  function settle(id: JobId): void {
    const whole = ledger.get(id);
    if (whole === undefined || outcome(id) !== undefined) return;
    const parts = new Map<string, JobResult>();
    for (const part of partsOf(id)) {
      const result = outcome(part.id);
      if (result === undefined) return;
      parts.set(targetName(part) ?? '', result);
    }
    endWith(whole, aggregate(whole, parts, now()));
  }

  function endIfDeserted(part: JobEntry, live: readonly LifterLoad[]): void {
    const name = targetName(part);
    if (live.some((lifter) => takes(lifter, part.kind, name))) {
      deserted.delete(part.id);
      return;
    }
    const since = deserted.get(part.id) ?? now();
    deserted.set(part.id, since);
    if (now() - since < graceMs) return;
    const message = `the lifter "${name}" left before it could do its part`;
    ports.end(part, { status: 'failed', error: { class: 'LifterGone', message } });
  }

  return {
    add: families.add,
    remove(entry) {
      families.remove(entry);
      deserted.delete(entry.id);
    },
    partsOf,
    orphans: () =>
      [...families.children()]
        .flatMap((id) => ledger.get(id) ?? [])
        .filter(({ target }) => target.type === 'child' && !ledger.get(target.parent)),
    submit(job, makeId) {
      const whole: NewJob = { ...job, target: { type: 'all' } };
      const names = lifterNamesFor(job.kind, lifters());
      if (names.length === 0) return undefined;
      const parts: JobEntry[] = [];
      try {
        // Parts go first: a whole that stands in the node has all of them there.
        for (const name of names) parts.push(takeIn(childOf(whole, makeId(), name)));
        return takeIn(whole);
      } catch (error) {
        // All or nothing, whichever of them it is that cannot be had.
        for (const part of parts) dismiss(part);
        throw error;
      }
    },
    settled({ target }) {
      if (target.type === 'child') settle(target.parent);
    },
    end(whole, status) {
      const by = whole.cancelRequested?.by ?? (status === 'expired' ? DEADLINE : 'heavylift');
      for (const part of partsOf(whole.id))
        if (outcome(part.id) === undefined) requestCancel(part, by);
      settle(whole.id);
      if (outcome(whole.id) === undefined) lookAgainAt(whole.id, now() + cancelGraceMs);
    },
    endDesertedParts() {
      const live = lifters();
      for (const id of [...families.children()]) {
        const part = ledger.get(id);
        if (part?.state.type === 'pending' && outcome(id) === undefined && !isDelayed(id))
          endIfDeserted(part, live);
      }
    },
  };
}
