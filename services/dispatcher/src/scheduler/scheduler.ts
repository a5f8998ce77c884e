import type {
  AttemptReport,
  Failure,
  JobEntry,
  JobError,
  JobEvent,
  JobId,
  JobResult,
  Ledger,
  LifterAnnouncement,
  NewJob,
} from '@heavylift/jobs';
import { chooseLifter, freeSlots, isLive, whyWaiting } from './eligibility.js';
import { createLifterRegistry, type Lifter } from './lifters.js';
import { createPendingQueue } from './pending.js';

export interface SchedulerOptions {
  readonly ledger: Ledger;
  /** How long a lifter may be away before its jobs are given to others, in milliseconds. */
  readonly graceMs: number;
  readonly now: () => number;
  /** How long to wait before another attempt, in milliseconds. */
  readonly backoffMs: (failedAttempts: number) => number;
  /** How often a lifter may vanish under a job before it counts as failed. */
  readonly maxStalls: number;
  /** The ledger has something to be written. */
  readonly onChange: () => void;
  /** A job ends without a lifter's doing: to be published as any other result. */
  readonly onEnd: (result: JobResult) => void;
  readonly onNote: (details: Readonly<Record<string, unknown>>, message: string) => void;
}

export interface Counts {
  readonly lifters: number;
  readonly slots: number;
  readonly busy: number;
  readonly waiting: number;
}

/**
 * Decides who runs what, and when. It holds no truth of its own: all of it is made from the ledger, the lifters' presence and the results,
 * and all it decides goes into the ledger. Every method returns at once.
 */
export interface Scheduler {
  /** Takes a job in and gives it to a lifter, if one is free. It is accepted when the ledger has been written. */
  submit(job: NewJob): JobEntry;
  /** Why the job does not run; undefined if it does. */
  waitsFor(job: JobId): string | undefined;
  announced(lifter: string, announcement: LifterAnnouncement): void;
  left(lifter: string): void;
  ended(result: JobResult): void;
  reported(event: JobEvent, publisher: string): void;
  /** Does what has come due; to be called a few times a second. */
  tick(): void;
  counts(): Counts;
}

type Outcome =
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' | 'expired' };

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { ledger, graceMs, now, backoffMs, maxStalls, onChange, onEnd, onNote } = options;
  const lifters = createLifterRegistry();
  const pending = createPendingQueue();
  // Their outcome is known, their requesters are not told yet. They take no slot.
  const done = new Set<JobId>();

  for (const entry of ledger.entries()) {
    if (entry.state.type === 'assigned') lifters.gave(entry.state.lifter, entry.id, now());
    else pending.add(entry);
  }

  function change(entry: JobEntry, changes: Parameters<Ledger['change']>[1]): JobEntry {
    const changed = ledger.change(entry.id, changes);
    onChange();
    return changed;
  }

  /** The job is neither with a lifter nor in the queue any more. */
  function release(entry: JobEntry): void {
    pending.remove(entry.id);
    if (entry.state.type === 'assigned') lifters.took(entry.state.lifter, entry.id);
  }

  function give(entry: JobEntry, lifter: Lifter): void {
    pending.remove(entry.id);
    lifters.gave(lifter.jid, entry.id, now());
    change(entry, { state: { type: 'assigned', lifter: lifter.jid, since: now() } });
  }

  function wait(entry: JobEntry, changes: Parameters<Ledger['change']>[1]): void {
    release(entry);
    pending.add(change(entry, { ...changes, state: { type: 'pending' } }));
  }

  /** Gives jobs to lifters until either run out: no lifter idles while a job that it may run waits. */
  function assign(): void {
    const free = [...lifters.all()].filter((lifter) => freeSlots(lifter) > 0);
    while (free.length > 0) {
      const entry = pending.next(now(), (job) => chooseLifter(job, free) !== undefined);
      const lifter = entry && chooseLifter(entry, free);
      if (entry === undefined || lifter === undefined) return;
      give(entry, lifter);
      if (freeSlots(lifter) === 0) free.splice(free.indexOf(lifter), 1);
    }
  }

  function end(entry: JobEntry, outcome: Outcome): void {
    onEnd({
      job: entry.id,
      number: entry.number,
      kind: entry.kind,
      attempt: entry.attempt,
      submitted: entry.submitted,
      finished: now(),
      failures: entry.failures,
      ...outcome,
    });
    release(entry);
    done.add(entry.id);
  }

  /** The attempt came to nothing: another one, if there may be one. */
  function failed(entry: JobEntry, failure: Failure): void {
    const failures = [...entry.failures, failure];
    const stalls = entry.stalls + (failure.reason === 'stalled' ? 1 : 0);
    const used = entry.attempt - entry.stalls;
    const over =
      failure.reason === 'stalled'
        ? stalls > maxStalls
        : failure.error.final === true || used >= entry.maxAttempts;
    if (over) {
      end(entry, { status: 'failed', error: failure.error });
      return;
    }
    const notBefore = failure.reason === 'stalled' ? undefined : now() + backoffMs(used);
    wait(entry, { attempt: entry.attempt + 1, stalls, failures, notBefore });
  }

  function attemptReported(report: AttemptReport): void {
    const entry = ledger.get(report.job);
    if (entry === undefined || done.has(entry.id)) return;
    const { state } = entry;
    if (state.type !== 'assigned' || state.lifter !== report.lifter) return;
    if (entry.attempt !== report.attempt) return;
    if (report.outcome === 'released') wait(entry, {});
    else {
      const { attempt, lifter, at, reason, error } = report;
      failed(entry, { attempt, lifter, at, reason, error });
    }
  }

  function told(job: JobId): void {
    const entry = ledger.get(job);
    if (entry === undefined) return;
    release(entry);
    done.delete(job);
    ledger.remove(job);
    onChange();
  }

  /** Its jobs are given to others: it has been away for longer than it takes to come back. */
  function giveUpOn(lifter: Lifter): void {
    for (const job of [...lifter.jobs]) {
      const entry = ledger.get(job);
      if (entry === undefined || done.has(job)) {
        lifters.took(lifter.jid, job);
        continue;
      }
      onNote(
        { job, number: entry.number, lifter: lifter.jid },
        'the lifter vanished under the job',
      );
      const error = { class: 'Stalled', message: `${lifter.name} vanished while it ran the job` };
      failed(entry, {
        attempt: entry.attempt,
        reason: 'stalled',
        lifter: lifter.jid,
        at: now(),
        error,
      });
    }
  }

  function expire(entry: JobEntry): void {
    if (entry.state.type === 'pending') end(entry, { status: 'expired' });
    else if (entry.cancelRequested === undefined)
      change(entry, { cancelRequested: { at: now(), by: 'deadline' } });
  }

  assign();

  return {
    submit(job) {
      const entry = ledger.add(job);
      onChange();
      pending.add(entry);
      assign();
      return ledger.get(entry.id) ?? entry;
    },
    waitsFor(job) {
      const entry = ledger.get(job);
      if (entry === undefined || entry.state.type === 'assigned') return undefined;
      return whyWaiting(entry, [...lifters.all()], now());
    },
    announced(jid, announcement) {
      lifters.announced(jid, announcement);
      assign();
    },
    left(jid) {
      lifters.left(jid, now());
    },
    ended(result) {
      const entry = ledger.get(result.job);
      if (entry === undefined || done.has(entry.id)) return;
      release(entry);
      done.add(entry.id);
      assign();
    },
    reported(event, publisher) {
      if (event.type === 'told') told(event.job);
      if (event.type === 'attempt' && event.lifter === publisher) {
        attemptReported(event);
        assign();
      }
    },
    tick() {
      const time = now();
      for (const lifter of [...lifters.all()])
        if (lifter.goneSince !== undefined && time - lifter.goneSince >= graceMs) giveUpOn(lifter);
      for (const entry of ledger.entries())
        if (entry.deadline !== undefined && entry.deadline <= time && !done.has(entry.id))
          expire(entry);
      assign();
    },
    counts() {
      const live = [...lifters.all()].filter(isLive);
      return {
        lifters: live.length,
        slots: live.reduce((sum, lifter) => sum + (lifter.announcement?.slots ?? 0), 0),
        busy: live.reduce((sum, lifter) => sum + lifter.jobs.size, 0),
        waiting: pending.size,
      };
    },
  };
}
