import {
  aggregate,
  assignPending,
  childOf,
  createAgenda,
  createOpenJobs,
  createPendingQueue,
  createTally,
  DEADLINE,
  endDecision,
  type Failure,
  isDelayed,
  isGivenOnAfterStall,
  isJobsError,
  type JobEntry,
  type JobError,
  type JobId,
  type JobResult,
  type Ledger,
  lifterNamesFor,
  type NewJob,
  reconcile,
  retryDecision,
  takes,
  targetName,
  waitingText,
  whyWaiting,
} from '@heavylift/jobs';
import { createFamilies } from './families.js';
import { createLifterRegistry } from './lifters.js';
import { createRateMeter } from './rate.js';
import type { Scheduler, SchedulerOptions } from './types.js';

/** An assignment may be on its way for so long before it counts as lost. */
const settleMs = 5_000;
/** Outcomes that are published again at a time, at most. */
const mostRepeated = 64;
/** Bounds of the wait before a job that a lifter would not have is given out again. */
const declined = { initialMs: 250, maxMs: 60_000 };

type Changes = Parameters<Ledger['change']>[1];
type Outcome =
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' | 'expired' };

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { ledger, graceMs, cancelGraceMs, limits, now, random } = options;
  const { history, onChange, onEnd, onOutcome, onGone, onGiven, onRetry, onNote } = options;
  const leadingSince = now();
  const lifters = createLifterRegistry();
  const queue = createPendingQueue();
  /** Jobs whose start, or next attempt, is still to come. */
  const delayed = new Set<JobId>();
  /** When to look at a job again: its start, its next attempt, its deadline. */
  const agenda = createAgenda();
  const running = createTally();
  const open = createTally();
  const openJobs = createOpenJobs();
  const families = createFamilies();
  const rate = createRateMeter(now);
  /** Of open jobs whose requesters are not told yet. They take no slot. */
  const outcomes = new Map<JobId, JobResult>();
  /** Who has handed back which job. */
  const decliners = new Map<JobId, { readonly lifters: Set<string>; times: number }>();
  /** When outcomes became known, or were published again last. */
  const settled = new Map<JobId, number>();
  /** Since when there is nobody for a part of a job for all. */
  const deserted = new Map<JobId, number>();

  // The same message may come twice, though its job has ended meanwhile.
  for (const { entry } of history.all().toReversed()) {
    openJobs.opened(entry);
    openJobs.closed(entry, now());
  }
  for (const entry of ledger.entries()) meet(entry);
  for (const id of [...families.children()]) dismissIfOrphan(id);

  function meet(entry: JobEntry): void {
    if (entry.target.type !== 'child') open.add(entry);
    openJobs.opened(entry);
    families.add(entry);
    place(entry);
  }

  /** Parts are written before the whole: without it they were never accepted, or are what is left of one that was let go. */
  function dismissIfOrphan(id: JobId): void {
    const child = ledger.get(id);
    if (child?.target.type === 'child' && ledger.get(child.target.parent) === undefined)
      dismiss(child);
  }

  /** Puts a job where its state says it belongs. */
  function place(entry: JobEntry): void {
    if (entry.state.type === 'assigned') {
      running.add(entry);
      lifters.gave(entry.state.lifter, entry.id, now());
    } else if (isDelayed(entry, now())) delayed.add(entry.id);
    else if (entry.target.type !== 'all') queue.add(entry);
    schedule(entry);
  }

  /** Takes it from wherever it is. To be given the entry as it was placed. */
  function displace(entry: JobEntry): void {
    agenda.delete(entry.id);
    delayed.delete(entry.id);
    queue.remove(entry.id);
    if (entry.state.type !== 'assigned' || outcomes.has(entry.id)) return;
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

  function change(entry: JobEntry, changes: Changes): JobEntry {
    const changed = ledger.change(entry.id, changes);
    displace(entry);
    place(changed);
    onChange();
    return changed;
  }

  function takeIn(job: NewJob): JobEntry {
    const entry = ledger.add(job);
    onChange();
    meet(entry);
    return entry;
  }

  /** Lets a job go, and its parts with it. */
  function dismiss(entry: JobEntry): void {
    const { id } = entry;
    for (const child of families.childrenOf(id).map(ledger.get)) if (child) dismiss(child);
    displace(entry);
    const result = outcomes.get(id);
    if (result !== undefined) history.add({ entry, result });
    if (entry.target.type !== 'child') open.remove(entry);
    openJobs.closed(entry, now());
    families.remove(entry);
    for (const memory of [outcomes, settled, decliners, deserted]) memory.delete(id);
    ledger.remove(id);
    onGone(entry);
    onChange();
  }

  /** No lifter idles while a job that it may run waits. */
  function assign(): void {
    const assignments = assignPending({
      queue,
      lifters: lifters.live(),
      running,
      limits: limits(),
      hasDeclined: ({ id }, lifter) => decliners.get(id)?.lifters.has(lifter) ?? false,
    });
    for (const { entry, lifter } of assignments) {
      change(entry, { state: { type: 'assigned', lifter, since: now() } });
      onGiven?.(entry);
    }
  }

  /** Its outcome is known: it takes no slot any more. */
  function settle(entry: JobEntry, result: JobResult): void {
    displace(entry);
    outcomes.set(entry.id, result);
    settled.set(entry.id, now());
    rate.count();
    onOutcome(entry, result);
    if (entry.target.type === 'child') settleParent(entry.target.parent);
  }

  function end(entry: JobEntry, outcome: Outcome): void {
    const { id: job, number, kind, attempt, submitted, failures } = entry;
    endWith(entry, {
      job,
      number,
      kind,
      attempt,
      submitted,
      finished: now(),
      failures,
      ...outcome,
    });
  }

  function endWith(entry: JobEntry, result: JobResult): void {
    onEnd(result);
    settle(entry, result);
  }

  /** A job for all ends when the last of its parts has. */
  function settleParent(id: JobId): void {
    const parent = ledger.get(id);
    if (parent === undefined || outcomes.has(id)) return;
    const parts = new Map<string, JobResult>();
    for (const child of families.childrenOf(id).map(ledger.get)) {
      const outcome = child && outcomes.get(child.id);
      if (child === undefined || outcome === undefined) return;
      parts.set(targetName(child) ?? '', outcome);
    }
    endWith(parent, aggregate(parent, parts, now()));
  }

  /** The attempt came to nothing: another one, if there may be one. */
  function failed(entry: JobEntry, failure: Failure): void {
    const stalled = failure.reason === 'stalled';
    // Nobody else can do a lifter's own part.
    const isGivenOn = entry.target.type !== 'child' && isGivenOnAfterStall(entry);
    const decision = stalled
      ? { retry: isGivenOn, delayMs: 0 }
      : retryDecision(entry, failure.error, random());
    if (!decision.retry) {
      end(entry, { status: 'failed', error: failure.error });
      return;
    }
    onRetry?.(entry, failure);
    try {
      change(entry, {
        state: { type: 'pending' },
        attempt: entry.attempt + 1,
        stalls: entry.stalls + (stalled ? 1 : 0),
        failures: [...entry.failures, failure],
        notBefore: decision.delayMs > 0 ? now() + decision.delayMs : undefined,
      });
    } catch (error) {
      // So many failures that they fit no sheet: enough of them.
      if (!isJobsError(error, 'entry-too-large')) throw error;
      end(entry, { status: 'failed', error: failure.error });
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
    const others = takers.some(({ jid }) => !declining.lifters.has(jid));
    const waitMs = Math.min(declined.maxMs, declined.initialMs * 2 ** declining.times);
    change(entry, {
      state: { type: 'pending' },
      notBefore: others ? undefined : now() + waitMs,
    });
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
      const { state } = entry;
      onNote(entry, { state }, 'nobody runs the job, so it is written anew');
      change(entry, { state: { ...state, ...(state.type === 'assigned' && { since: now() }) } });
    }
  }

  function* assignedEntries(): Iterable<JobEntry> {
    for (const entry of ledger.entries())
      if (entry.state.type === 'assigned' && !outcomes.has(entry.id)) yield entry;
  }

  /** A part waits for one lifter alone; if that one is gone for good the others' answers are not held up. */
  function endDesertedParts(): void {
    const live = lifters.live();
    for (const id of [...families.children()]) {
      const child = ledger.get(id);
      if (child?.state.type !== 'pending' || outcomes.has(id) || delayed.has(id)) continue;
      const name = targetName(child);
      if (live.some((lifter) => takes(lifter, child.kind, name))) {
        deserted.delete(id);
        continue;
      }
      const since = deserted.get(id) ?? now();
      deserted.set(id, since);
      if (now() - since < graceMs) continue;
      const message = `the lifter "${name}" left before it could do its part`;
      end(child, { status: 'failed', error: { class: 'LifterGone', message } });
    }
  }

  function requestCancel(entry: JobEntry, by: string): void {
    const asked =
      entry.cancelRequested === undefined
        ? change(entry, { cancelRequested: { at: now(), by } })
        : entry;
    lookAt(asked);
  }

  function lookAt(entry: JobEntry): void {
    const decision = endDecision(entry, now(), cancelGraceMs);
    if (decision.do === 'request-cancel') requestCancel(entry, decision.by);
    else if (decision.do === 'nothing') {
      displace(entry);
      place(entry);
    } else if (entry.target.type === 'all') endParts(entry, decision.status);
    else end(entry, { status: decision.status });
  }

  /** What is for all ends by its parts' ending, a job that runs included. */
  function endParts(parent: JobEntry, status: 'cancelled' | 'expired'): void {
    const by = parent.cancelRequested?.by ?? (status === 'expired' ? DEADLINE : 'heavylift');
    for (const child of families.childrenOf(parent.id).map(ledger.get))
      if (child && !outcomes.has(child.id)) requestCancel(child, by);
    settleParent(parent.id);
    if (!outcomes.has(parent.id)) agenda.set(parent.id, now() + cancelGraceMs);
  }

  return {
    submit(job) {
      const entry = takeIn(job);
      assign();
      return ledger.get(entry.id) ?? entry;
    },
    submitToAll(job, makeId) {
      const parent: NewJob = { ...job, target: { type: 'all' } };
      const names = lifterNamesFor(job.kind, lifters.live());
      if (names.length === 0) return undefined;
      // Children go first: a parent that stands in the node has all of them there.
      const children = names.map((name) => takeIn(childOf(parent, makeId(), name)));
      try {
        const entry = takeIn(parent);
        assign();
        return entry;
      } catch (error) {
        for (const child of children) dismiss(child);
        throw error;
      }
    },
    cancel(job, by) {
      const entry = ledger.get(job);
      if (entry === undefined || outcomes.has(job)) return 'over';
      requestCancel(entry, by);
      return outcomes.has(job) ? 'cancelled' : 'requested';
    },
    waitsFor(job) {
      const entry = ledger.get(job);
      if (entry === undefined || outcomes.has(job)) return undefined;
      const ahead = queue.has(job) ? queue.ahead(entry) : 0;
      const context = { now: now(), lifters: lifters.live(), running, limits: limits(), ahead };
      const waiting = whyWaiting(entry, context);
      return waiting && waitingText(waiting, now());
    },
    isWhole: (job) => ledger.get(job)?.target.type === 'all',
    untoldFor(ms) {
      const due: JobResult[] = [];
      for (const [job, since] of settled) {
        if (now() - since < ms || ledger.get(job)?.target.type === 'child') continue;
        const result = outcomes.get(job);
        if (result !== undefined) due.push(result);
        settled.set(job, now());
        if (due.length >= mostRepeated) break;
      }
      return due;
    },
    outcome: (job) => outcomes.get(job),
    announced(jid, announcement) {
      lifters.announced(jid, announcement, now());
      assign();
    },
    left(jid) {
      lifters.left(jid, now());
    },
    ended(result) {
      const entry = ledger.get(result.job);
      if (entry === undefined || outcomes.has(entry.id)) return;
      settle(entry, result);
      assign();
    },
    reported(report, from) {
      const entry = ledger.get(report.job);
      if (entry === undefined || outcomes.has(entry.id) || entry.state.type !== 'assigned') return;
      if (entry.state.lifter !== from || entry.attempt !== report.attempt) return;
      if (report.outcome === 'released') released(entry, from);
      else {
        const { attempt, reason, at, error } = report;
        failed(entry, { attempt, lifter: from, at, reason, error });
      }
      assign();
    },
    told(job) {
      const entry = ledger.get(job);
      if (entry === undefined) return;
      dismiss(entry);
      assign();
    },
    tick() {
      for (const job of agenda.due(now())) {
        const entry = ledger.get(job);
        if (entry !== undefined && !outcomes.has(job)) lookAt(entry);
      }
      if (running.total > 0) reconcileNow();
      if (families.size > 0) endDesertedParts();
      assign();
    },
    counts() {
      const live = lifters.live();
      return {
        lifters: live.length,
        slots: live.reduce((sum, { slots }) => sum + slots, 0),
        busy: live.reduce((sum, { busy }) => sum + busy, 0),
        waiting: queue.size + delayed.size,
      };
    },
    lifters: () => lifters.live(),
    openOf: (requester) => open.ofRequester(requester),
    endedPerSecond: () => rate.perSecond(),
    openJobs,
  };
}
