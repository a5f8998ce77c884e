import {
  type AttemptReport,
  assignPending,
  createAgenda,
  createPendingQueue,
  createTally,
  endDecision,
  type Failure,
  isDelayed,
  isGivenOnAfterStall,
  type JobEntry,
  type JobError,
  type JobId,
  type JobResult,
  type Ledger,
  type LifterAnnouncement,
  type Limits,
  type NewJob,
  reconcile,
  retryDecision,
  waitingText,
  whyWaiting,
} from '@heavylift/jobs';
import { createLifterRegistry } from './lifters.js';

export interface SchedulerOptions {
  readonly ledger: Ledger;
  /** How long a lifter may be away before its jobs are given to others, in milliseconds. */
  readonly graceMs: number;
  /** How long a lifter may take to end a job that is to be cancelled, in milliseconds. */
  readonly cancelGraceMs: number;
  readonly limits: Limits;
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The ledger has something to be written. */
  readonly onChange: () => void;
  /** A job ends without a lifter's doing: to be published like every other result. */
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
 * Decides who runs what, and when. It holds no truth of its own: all of it is made from the ledger, the lifters' presence and the
 * results, and all it decides goes into the ledger. Every method returns at once.
 */
export interface Scheduler {
  /** Takes a job in and gives it to a lifter, if one is free. It is accepted when the ledger has been written. */
  submit(job: NewJob): JobEntry;
  /** Why the job does not run, as the end of "it waits …"; undefined if it runs. */
  waitsFor(job: JobId): string | undefined;
  announced(lifter: string, announcement: LifterAnnouncement): void;
  left(lifter: string): void;
  ended(result: JobResult): void;
  /** @param from full JID of who published it */
  reported(report: AttemptReport, from: string): void;
  /** The requester has the outcome: the job is let go. */
  told(job: JobId): void;
  /** Does what has come due; to be called a few times a second. */
  tick(): void;
  counts(): Counts;
}

/** An assignment may be on its way for so long before it counts as lost. */
const settleMs = 5_000;

type Changes = Parameters<Ledger['change']>[1];
type Outcome =
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' | 'expired' };

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { ledger, graceMs, cancelGraceMs, limits, now, random, onChange, onEnd, onNote } = options;
  const leadingSince = now();
  const lifters = createLifterRegistry();
  const queue = createPendingQueue();
  /** When to look at a job again: its start, its next attempt, its deadline. */
  const agenda = createAgenda();
  const running = createTally();
  /** Their outcome is known, their requesters are not told yet. They take no slot. */
  const done = new Set<JobId>();

  for (const entry of ledger.entries()) place(entry);

  /** Puts a job where its state says it belongs. */
  function place(entry: JobEntry): void {
    if (entry.state.type === 'assigned') {
      running.add(entry);
      lifters.gave(entry.state.lifter, entry.id, now());
    } else if (!isDelayed(entry, now())) queue.add(entry);
    schedule(entry);
  }

  /** Takes it from wherever it is. To be given the entry as it was placed. */
  function displace(entry: JobEntry): void {
    agenda.delete(entry.id);
    queue.remove(entry.id);
    if (entry.state.type !== 'assigned' || done.has(entry.id)) return;
    running.remove(entry);
    lifters.took(entry.state.lifter, entry.id);
  }

  function schedule(entry: JobEntry): void {
    const decision = endDecision(entry, now(), cancelGraceMs);
    const times = [
      decision.do === 'nothing' ? decision.until : now(),
      isDelayed(entry, now()) ? entry.notBefore : undefined,
    ].filter((time) => time !== undefined);
    if (times.length > 0) agenda.set(entry.id, Math.min(...times));
  }

  function change(entry: JobEntry, changes: Changes): void {
    displace(entry);
    place(ledger.change(entry.id, changes));
    onChange();
  }

  /** No lifter idles while a job that it may run waits. */
  function assign(): void {
    const assignments = assignPending({ queue, lifters: lifters.live(), running, limits });
    for (const { entry, lifter } of assignments) {
      change(entry, { state: { type: 'assigned', lifter, since: now() } });
    }
  }

  /** Its outcome is known: it takes no slot any more. */
  function markDone(entry: JobEntry): void {
    displace(entry);
    done.add(entry.id);
  }

  function end(entry: JobEntry, outcome: Outcome): void {
    const { id: job, number, kind, attempt, submitted, failures } = entry;
    markDone(entry);
    onEnd({ job, number, kind, attempt, submitted, finished: now(), failures, ...outcome });
  }

  /** The attempt came to nothing: another one, if there may be one. */
  function failed(entry: JobEntry, failure: Failure): void {
    const stalled = failure.reason === 'stalled';
    const decision = stalled
      ? { retry: isGivenOnAfterStall(entry), delayMs: 0 }
      : retryDecision(entry, failure.error, random());
    if (!decision.retry) {
      end(entry, { status: 'failed', error: failure.error });
      return;
    }
    change(entry, {
      state: { type: 'pending' },
      attempt: entry.attempt + 1,
      stalls: entry.stalls + (stalled ? 1 : 0),
      failures: [...entry.failures, failure],
      notBefore: decision.delayMs > 0 ? now() + decision.delayMs : undefined,
    });
  }

  function stalled(entry: JobEntry): void {
    if (entry.state.type !== 'assigned') return;
    const { lifter } = entry.state;
    const { id: job, number, attempt } = entry;
    onNote({ job, number, attempt, lifter }, 'the lifter vanished under the job');
    const error = { class: 'Stalled', message: `${lifter} vanished while it ran the job` };
    failed(entry, { attempt, reason: 'stalled', lifter, at: now(), error });
  }

  /** What the ledger says of running jobs, compared with what lifters say of themselves. */
  function reconcileNow(): void {
    const found = reconcile(assignedEntries(), lifters.reports(), {
      now: now(),
      graceMs,
      settleMs,
      leadingSince,
    });
    for (const entry of found.stalled) stalled(entry);
    for (const entry of found.republish) {
      const { id: job, number, attempt, state } = entry;
      onNote({ job, number, attempt, state }, 'nobody runs the job, so it is written anew');
      change(entry, { state: { ...state, ...(state.type === 'assigned' && { since: now() }) } });
    }
  }

  function* assignedEntries(): Iterable<JobEntry> {
    for (const entry of ledger.entries())
      if (entry.state.type === 'assigned' && !done.has(entry.id)) yield entry;
  }

  function lookAt(entry: JobEntry): void {
    const decision = endDecision(entry, now(), cancelGraceMs);
    if (decision.do === 'end') end(entry, { status: decision.status });
    else if (decision.do === 'request-cancel')
      change(entry, { cancelRequested: { at: now(), by: decision.by } });
    else {
      displace(entry);
      place(entry);
    }
  }

  return {
    submit(job) {
      const entry = ledger.add(job);
      onChange();
      place(entry);
      assign();
      return ledger.get(entry.id) ?? entry;
    },
    waitsFor(job) {
      const entry = ledger.get(job);
      if (entry === undefined) return undefined;
      const ahead = queue.has(job) ? queue.ahead(entry) : 0;
      const context = { now: now(), lifters: lifters.live(), running, limits, ahead };
      const waiting = whyWaiting(entry, context);
      return waiting && waitingText(waiting, now());
    },
    announced(jid, announcement) {
      lifters.announced(jid, announcement, now());
      assign();
    },
    left(jid) {
      lifters.left(jid, now());
    },
    ended(result) {
      const entry = ledger.get(result.job);
      if (entry === undefined || done.has(entry.id)) return;
      markDone(entry);
      assign();
    },
    reported(report, from) {
      const entry = ledger.get(report.job);
      if (entry === undefined || done.has(entry.id) || entry.state.type !== 'assigned') return;
      if (entry.state.lifter !== from || entry.attempt !== report.attempt) return;
      if (report.outcome === 'released') change(entry, { state: { type: 'pending' } });
      else {
        const { attempt, reason, at, error } = report;
        failed(entry, { attempt, lifter: from, at, reason, error });
      }
      assign();
    },
    told(job) {
      const entry = ledger.get(job);
      if (entry === undefined) return;
      displace(entry);
      done.delete(job);
      ledger.remove(job);
      onChange();
      assign();
    },
    tick() {
      for (const job of agenda.due(now())) {
        const entry = ledger.get(job);
        if (entry !== undefined && !done.has(job)) lookAt(entry);
      }
      if (running.total > 0) reconcileNow();
      assign();
    },
    counts() {
      const live = lifters.live();
      return {
        lifters: live.length,
        slots: live.reduce((sum, { slots }) => sum + slots, 0),
        busy: live.reduce((sum, { busy }) => sum + busy, 0),
        waiting: ledger.size - done.size - running.total,
      };
    },
  };
}
