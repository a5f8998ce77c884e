import {
  type AttemptReport,
  type Failure,
  isGivenOnAfterStall,
  isJobsError,
  type JobEntry,
  type JobId,
  type Ledger,
  reconcile,
  retryDecision,
  takes,
  targetName,
} from '@heavylift/jobs';
import type { LifterRegistry } from './lifters.js';
import type { Outcome, SchedulerOptions } from './types.js';

type Changes = Parameters<Ledger['change']>[1];

export interface AttemptsPorts
  extends Pick<SchedulerOptions, 'now' | 'random' | 'graceMs' | 'onRetry' | 'onNote'> {
  readonly lifters: LifterRegistry;
  readonly change: (entry: JobEntry, changes: Changes) => JobEntry;
  /** The lifter has said itself that the attempt is over. */
  readonly end: (entry: JobEntry, outcome: Outcome) => void;
  /** The lifter may have said something else that has not been heard of yet. */
  readonly propose: (entry: JobEntry, outcome: Outcome) => void;
}

/** What becomes of jobs whose attempt came to nothing: another attempt, another lifter, or the end. */
export interface Attempts {
  /** @param from full JID of who published it; it is believed only of its own present attempts */
  reported(entry: JobEntry, report: AttemptReport, from: string): void;
  /**
   * Compares what the ledger says of running jobs with what lifters say of themselves.
   * @param leadingSince since when they can have said it
   */
  reconcile(running: Iterable<JobEntry>, leadingSince: number): void;
  hasDeclined(job: JobId, lifter: string): boolean;
  /** A lifter that goes on has handed it back. */
  isHandedBack(job: JobId): boolean;
  /** The job is gone. */
  forget(job: JobId): void;
}

/** An assignment may be on its way for so long before it counts as lost. */
const settleMs = 5_000;
/** A lifter that nobody says is gone, and that says nothing, has so many times the grace time. */
const silencePerGrace = 3;
/** Bounds of the wait before a job that a lifter would not have is given out again. */
const declined = { initialMs: 250, maxMs: 60_000 };

export function createAttempts(ports: AttemptsPorts): Attempts {
  const { lifters, change, end, propose, now, random, graceMs, onRetry, onNote } = ports;
  /** Who has handed back which job. */
  const decliners = new Map<JobId, { readonly lifters: Set<string>; times: number }>();

  /** The attempt came to nothing: another one, if there may be one. */
  function failed(entry: JobEntry, failure: Failure): void {
    const isStall = failure.reason === 'stalled';
    // Nobody else can do a lifter's own part.
    const isGivenOn = entry.target.type !== 'child' && isGivenOnAfterStall(entry);
    const decision = isStall
      ? { retry: isGivenOn, delayMs: 0 }
      : retryDecision(entry, failure.error, random());
    if (!decision.retry) {
      giveUp(entry, failure);
      return;
    }
    onRetry?.(entry, failure, decision.delayMs);
    // It has been taken, whoever would not have it before.
    decliners.delete(entry.id);
    try {
      change(entry, {
        state: { type: 'pending' },
        attempt: entry.attempt + 1,
        stalls: entry.stalls + (isStall ? 1 : 0),
        failures: [...entry.failures, failure],
        ...startIn(entry, decision.delayMs),
      });
    } catch (error) {
      // So many failures that they fit no sheet: enough of them.
      if (!isJobsError(error, 'entry-too-large')) throw error;
      giveUp(entry, failure);
    }
  }

  function giveUp(entry: JobEntry, failure: Failure): void {
    const outcome: Outcome = { status: 'failed', error: failure.error };
    if (failure.reason !== 'stalled') {
      end(entry, outcome);
      return;
    }
    const given = { ...takeAway(entry, failure), failures: entry.failures };
    // A part's outcome is told by that of the whole alone.
    if (entry.target.type === 'child') end(given, outcome);
    else propose(given, outcome);
  }

  /** Should the lifter come back, it finds that the job is its own no more, and withholds what it has. */
  function takeAway(entry: JobEntry, failure: Failure): JobEntry {
    try {
      const failures = [...entry.failures, failure];
      return change(entry, { state: { type: 'pending' }, failures, notBefore: undefined });
    } catch (error) {
      if (!isJobsError(error, 'entry-too-large')) throw error;
      return entry;
    }
  }

  function stalled(entry: JobEntry): void {
    if (entry.state.type !== 'assigned') return;
    const { lifter } = entry.state;
    const { id: job, attempt } = entry;
    if (lifters.handedBack(lifter, job)) {
      change(entry, { state: { type: 'pending' } });
      return;
    }
    onNote(entry, { lifter }, 'the lifter vanished under the job');
    const error = { class: 'Stalled', message: `${lifter} vanished while it ran the job` };
    failed(entry, { attempt, reason: 'stalled', lifter, at: now(), error });
  }

  /** It was handed back, at no cost of an attempt: another lifter is to have it, or the same one after a while. */
  function released(entry: JobEntry, lifter: string): void {
    const takers = lifters.live().filter((other) => takes(other, entry.kind, targetName(entry)));
    if (!takers.some(({ jid }) => jid === lifter)) {
      // It is about to leave, which says nothing about the job.
      change(entry, { state: { type: 'pending' } });
      return;
    }
    const declining = decliners.get(entry.id) ?? { lifters: new Set(), times: 0 };
    decliners.set(entry.id, declining);
    declining.lifters.add(lifter);
    declining.times += 1;
    // Only one with a free slot: else the job would come back at once to the one that would not have it.
    const isTakenByAnother = takers.some(
      ({ jid, busy, slots }) => busy < slots && !declining.lifters.has(jid),
    );
    const waitMs = Math.min(declined.maxMs, declined.initialMs * 2 ** declining.times);
    change(entry, {
      state: { type: 'pending' },
      ...startIn(entry, isTakenByAnother ? 0 : waitMs),
    });
  }

  /** What is written of a job's start and deadline goes by one clock: this leader's. */
  function startIn({ deadline }: JobEntry, delayMs: number): Changes {
    const isTimed = delayMs > 0 || deadline !== undefined;
    return {
      notBefore: delayMs > 0 ? now() + delayMs : undefined,
      asOf: isTimed ? now() : undefined,
    };
  }

  return {
    reported(entry, report, from) {
      if (entry.state.type !== 'assigned') return;
      if (entry.state.lifter !== from || entry.attempt !== report.attempt) return;
      if (report.outcome === 'released') {
        // The same attempt can be given to the same lifter again: this may be about the time before.
        if ((report.revision ?? entry.revision) === entry.revision) released(entry, from);
      } else {
        const { attempt, reason, at, error } = report;
        failed(entry, { attempt, lifter: from, at, reason, error });
      }
    },
    reconcile(running, leadingSince) {
      const silenceMs = silencePerGrace * graceMs;
      const options = { now: now(), graceMs, silenceMs, settleMs, leadingSince };
      const found = reconcile(running, lifters.reports(), options);
      for (const entry of found.stalled) stalled(entry);
      for (const entry of found.republish) {
        const { state } = entry;
        onNote(entry, { state }, 'nobody runs the job, so it is written anew');
        change(entry, { state: { ...state, ...(state.type === 'assigned' && { since: now() }) } });
      }
    },
    hasDeclined: (job, lifter) => decliners.get(job)?.lifters.has(lifter) ?? false,
    isHandedBack: (job) => decliners.has(job),
    forget: (job) => void decliners.delete(job),
  };
}
