import {
  assignPending,
  asTold,
  createAgenda,
  createOpenJobs,
  createPendingQueue,
  createTally,
  endDecision,
  inOwnTime,
  isDelayed,
  isJobsError,
  type JobEntry,
  type JobId,
  type JobResult,
  type Ledger,
  mayEnd,
  mayHaveResult,
  type NewJob,
  waitingText,
  whyWaiting,
} from '@heavylift/jobs';
import { createAttempts } from './attempts.js';
import { createLifterRegistry } from './lifters.js';
import { createOutcomes } from './outcomes.js';
import { createRateMeter } from './rate.js';
import type { Outcome, Scheduler, SchedulerOptions } from './types.js';
import { createWholes } from './wholes.js';

/** A cancelled job that does not end is looked at again after so long. */
const lookAgainMs = 1_000;

type Changes = Parameters<Ledger['change']>[1];

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { ledger, graceMs, cancelGraceMs, limits, now, random } = options;
  const { history, onChange, onEnd, onOutcome, onGone, onGiven, onRetry, onNote } = options;
  const { onRefused, roster } = options;
  /** Since when lifters can have said that they are there; undefined until the first tick. */
  let leadingSince: number | undefined;
  const lifters = createLifterRegistry(options.slotsOfAccount);
  const queue = createPendingQueue(options.order);
  /** Jobs whose start, or next attempt, is still to come. */
  const delayed = new Set<JobId>();
  /** When to look at a job again: its start, its next attempt, its deadline. */
  const agenda = createAgenda();
  const running = createTally();
  const open = createTally();
  const openJobs = createOpenJobs();
  const rate = createRateMeter(now);
  /** Of open jobs whose requesters are not told yet. They take no slot. */
  const outcomes = createOutcomes(now);
  const attempts = createAttempts({
    ...{ lifters, change, end, propose, now, random, graceMs, onNote },
    ...(onRetry !== undefined && { onRetry }),
  });
  const wholes = createWholes({
    ledger,
    lifters: lifters.live,
    outcome: outcomes.get,
    isDelayed: (job) => delayed.has(job),
    takeIn,
    dismiss,
    end: decide,
    endWith,
    requestCancel,
    lookAgainAt: (job, at) => agenda.set(job, at),
    now,
    graceMs,
    cancelGraceMs,
  });

  // The same message may come twice, though its job has ended meanwhile.
  for (const { entry } of history.all().toReversed()) {
    openJobs.opened(entry);
    openJobs.closed(entry, now());
  }
  const found = [...ledger.entries()].sort((a, b) => a.number - b.number).map(adopt);
  for (const entry of found) meet(entry);
  for (const { entry, at } of turnsIn(found)) queue.hadTurn(entry, at);
  for (const part of wholes.orphans()) dismiss(part);

  /** Another leader's clock may have been ahead. */
  function adopt(entry: JobEntry): JobEntry {
    const times = inOwnTime(entry, now());
    return times === undefined ? entry : ledger.amend(entry.id, times);
  }

  function meet(entry: JobEntry): void {
    open.add(entry);
    openJobs.opened(entry);
    wholes.add(entry);
    place(entry);
  }

  /** Puts a job where its state says it belongs. */
  function place(entry: JobEntry): void {
    if (entry.state.type === 'assigned') {
      running.add(entry);
      lifters.gave(entry.state.lifter, entry.id, now());
    } else if (isDelayed(entry, now())) delayed.add(entry.id);
    else if (entry.target.type !== 'all') queue.add(entry, now());
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
    for (const part of wholes.partsOf(id)) dismiss(part);
    displace(entry);
    const result = outcomes.get(id);
    if (result !== undefined) history.add({ entry, result });
    open.remove(entry);
    openJobs.closed(entry, now());
    wholes.remove(entry);
    outcomes.forget(id);
    attempts.forget(id);
    ledger.remove(id);
    onGone(entry, result);
    onChange();
  }

  /** No lifter idles while a job that it may run waits. */
  function assign(): void {
    if (queue.size === 0) return;
    const assignments = assignPending({
      queue,
      now: now(),
      lifters: lifters.live(),
      running,
      limits: limits(),
      hasDeclined: ({ id }, lifter) => attempts.hasDeclined(id, lifter),
    });
    for (const { entry, lifter } of assignments) {
      change(entry, { state: { type: 'assigned', lifter, since: now() } });
      onGiven?.(entry, lifter);
    }
  }

  /** Its outcome is known: it takes no slot any more. */
  function settle(entry: JobEntry, result: JobResult): void {
    displace(entry);
    outcomes.settle(result);
    rate.count();
    onOutcome(entry, result);
    wholes.settled(entry);
  }

  function resultOf(entry: JobEntry, outcome: Outcome): JobResult {
    const { id: job, number, kind, attempt, submitted, failures } = entry;
    return { job, number, kind, attempt, submitted, finished: now(), failures, ...outcome };
  }

  /** To be called when no lifter can have said anything else. */
  function end(entry: JobEntry, outcome: Outcome): void {
    endWith(entry, resultOf(entry, outcome));
  }

  /** A lifter's result may be on its way: then the one that comes first in the node counts for us as for everybody. */
  function decide(entry: JobEntry, outcome: Outcome): void {
    if (mayHaveResult(entry)) propose(entry, outcome);
    else end(entry, outcome);
  }

  function propose(entry: JobEntry, outcome: Outcome): void {
    if (isDecided(entry.id)) return;
    // Nothing is to be done about it meanwhile. What has it keeps its slot.
    agenda.delete(entry.id);
    delayed.delete(entry.id);
    queue.remove(entry.id);
    const result = resultOf(entry, outcome);
    outcomes.propose(result);
    onEnd(result);
  }

  function endWith(entry: JobEntry, result: JobResult): void {
    onEnd(result);
    settle(entry, result);
  }

  const isDecided = (job: JobId): boolean => outcomes.has(job) || outcomes.isProposed(job);

  function* assignedEntries(): Iterable<JobEntry> {
    for (const entry of ledger.entries())
      if (entry.state.type === 'assigned' && !isDecided(entry.id)) yield entry;
  }

  function ended(said: JobResult): void {
    const entry = ledger.get(said.job);
    if (entry === undefined || outcomes.has(entry.id)) return;
    if (mayEnd(entry, said)) settle(entry, asTold(entry, said));
    else onRefused?.(entry, said);
  }

  function requestCancel(entry: JobEntry, by: string): void {
    if (isDecided(entry.id)) return;
    const asked =
      entry.cancelRequested === undefined
        ? change(entry, { cancelRequested: { at: now(), by } })
        : entry;
    lookAt(asked);
  }

  /**
   * To end it now would let another one of its unique key start beside it. A lifter that is gone does not hold
   * it for ever: its jobs count as stalled.
   */
  function mayStillRun({ state, id, attempt }: JobEntry): boolean {
    return state.type === 'assigned' && !lifters.deniesRunning(state.lifter, id, attempt);
  }

  function lookAt(entry: JobEntry): void {
    const decision = endDecision(entry, now(), cancelGraceMs);
    if (decision.do === 'end' && mayStillRun(entry)) agenda.set(entry.id, now() + lookAgainMs);
    else if (decision.do === 'request-cancel') requestCancel(entry, decision.by);
    else if (decision.do === 'nothing') {
      displace(entry);
      place(entry);
    } else if (entry.target.type === 'all') wholes.end(entry, decision.status);
    else decide(entry, { status: decision.status });
  }

  return {
    submit(job) {
      const entry = takeIn(job);
      assign();
      return ledger.get(entry.id) ?? entry;
    },
    restore(entry) {
      const taken = adopt(ledger.restore(entry));
      onChange();
      meet(taken);
      assign();
    },
    submitToAll(job, makeId) {
      const entry = wholes.submit(job, makeId);
      assign();
      return entry;
    },
    cancel(job, by) {
      const entry = ledger.get(job);
      if (entry === undefined || outcomes.has(job)) return 'over';
      requestCancel(entry, by);
      return entry.state.type === 'pending' && isDecided(job) ? 'cancelled' : 'requested';
    },
    amend(job, { notBefore, deadline, asOf, uniqueKey, ...wanted }) {
      const entry = ledger.get(job);
      if (entry === undefined) return;
      const changed = change(entry, { ...wanted, notBefore, deadline, asOf, uniqueKey });
      openJobs.amended(entry, changed);
      assign();
    },
    answersTo(entry, requester) {
      if (entry.requester.jid === requester.jid || isDecided(entry.id)) return false;
      try {
        change(entry, { requester });
        return true;
      } catch (error) {
        // A longer address, where there was no room left: then it is told where it was asked for first.
        if (!isJobsError(error, 'entry-too-large')) throw error;
        return false;
      }
    },
    waitsFor(job) {
      const entry = ledger.get(job);
      if (entry === undefined || outcomes.has(job)) return undefined;
      const ahead = queue.has(job) ? queue.ahead(entry) : 0;
      const waiting = whyWaiting(entry, {
        ...{ now: now(), lifters: lifters.live(), running, limits: limits(), ahead },
        handedBack: attempts.isHandedBack(job),
      });
      return waiting && waitingText(waiting, now());
    },
    isWhole: (job) => ledger.get(job)?.target.type === 'all',
    untoldFor(ms) {
      return outcomes.knownFor(ms, (job) => ledger.get(job)?.target.type !== 'child');
    },
    outcome: outcomes.get,
    announced(jid, announcement) {
      lifters.announced(jid, announcement, now());
      roster?.announced(jid, announcement);
      assign();
    },
    left(jid) {
      lifters.left(jid, now());
      roster?.left(jid);
    },
    ended(result) {
      ended(result);
      assign();
    },
    isProposed: outcomes.isProposed,
    published: outcomes.published,
    reported(report, from) {
      const entry = ledger.get(report.job);
      if (entry === undefined || isDecided(entry.id)) return;
      attempts.reported(entry, report, from);
      assign();
    },
    told(job) {
      const entry = ledger.get(job);
      if (entry === undefined) return;
      dismiss(entry);
      assign();
    },
    tick() {
      if (leadingSince === undefined) {
        leadingSince = now();
        lifters.began(leadingSince);
      }
      for (const job of agenda.due(now())) {
        const entry = ledger.get(job);
        if (entry !== undefined && !isDecided(job)) lookAt(entry);
      }
      for (const result of outcomes.unopposed()) ended(result);
      if (running.total > 0) attempts.reconcile(assignedEntries(), leadingSince);
      wholes.endDesertedParts();
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
    silentLifters: () => lifters.silent(),
    openOf: (requester) => open.ofRequester(requester),
    endedPerSecond: () => rate.perSecond(),
    openJobs,
  };
}

/** Who has had their turns under the dispatcher before: as far as the ledger tells, by the jobs that run. */
function turnsIn(entries: readonly JobEntry[]) {
  return entries
    .flatMap((entry) => (entry.state.type === 'assigned' ? { entry, at: entry.state.since } : []))
    .sort((a, b) => a.at - b.at);
}
