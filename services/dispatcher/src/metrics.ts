import {
  type Failure,
  type Instant,
  type JobEntry,
  type JobId,
  type JobResult,
  type LifterLoad,
  waitsSince,
} from '@heavylift/jobs';
import { dispatcherMetrics, type Metrics, type Reading } from '@heavylift/service';

/** Why a request became no job. */
export type Refused =
  /** Who asked may not. */
  | 'forbidden'
  /** There is too much to do already. */
  | 'full'
  /** Nobody can do it, whoever asks. */
  | 'impossible';

/** What the gauges of a term are read from. */
export interface TermState {
  /** Open jobs. */
  readonly jobs: () => Iterable<JobEntry>;
  /** When it ended, if only its requester is not told yet. */
  readonly endedAt: (job: JobId) => Instant | undefined;
  /** Names of all handlers that are known. */
  readonly handlers: () => Iterable<string>;
  /** How many lifters have a handler, of each that is or was known. @default none is */
  readonly liftersOf?: () => Iterable<readonly [handler: string, lifters: number]>;
  /** Those that are online. */
  readonly lifters: () => Iterable<LifterLoad>;
  readonly now: () => number;
}

/** Counts what a dispatcher does, over all its terms. A job for all lifters counts as one, its parts' attempts one by one. */
export interface DispatcherObserver {
  accepted(entry: JobEntry): void;
  refused(reason: Refused): void;
  /** It was given to a lifter. */
  given(entry: JobEntry, now: number): void;
  /** Another attempt is to be made. */
  retried(entry: JobEntry, failure: Failure): void;
  /** Counts once, however often its result is read. */
  ended(entry: JobEntry, result: JobResult): void;
  /** It has been let go. */
  gone(job: JobId): void;
  /** @param jobs in the sheet @param ms until the server confirmed it */
  sheetWritten(jobs: number, ms: number): void;
  /** @returns ends it */
  watch(term: TermState): () => void;
}

export function observeDispatcher(metrics: Metrics): DispatcherObserver {
  /** Of open jobs. The next term reads their results again. */
  const counted = new Set<JobId>();
  const seconds = (ms: number) => Math.max(0, ms) / 1_000;

  return {
    accepted: ({ kind }) => metrics.count(dispatcherMetrics.accepted, { handler: kind }),
    refused: (reason) => metrics.count(dispatcherMetrics.refused, { reason }),
    given(entry, now) {
      if (entry.attempt > 1) return;
      const labels = { handler: entry.kind };
      metrics.observe(dispatcherMetrics.waitSeconds, labels, seconds(now - waitsSince(entry)));
    },
    retried({ kind }, { reason }) {
      const { stalled, retried } = dispatcherMetrics;
      metrics.count(reason === 'stalled' ? stalled : retried, { handler: kind });
    },
    ended({ id, kind, target, submitted }, { status, finished }) {
      if (target.type === 'child' || counted.has(id)) return;
      counted.add(id);
      const labels = { handler: kind, outcome: status };
      metrics.count(dispatcherMetrics.ended, labels);
      metrics.observe(dispatcherMetrics.totalSeconds, labels, seconds(finished - submitted));
    },
    gone: (job) => void counted.delete(job),
    sheetWritten(jobs, ms) {
      // Some sheets only say which jobs were let go.
      if (jobs > 0) metrics.observe(dispatcherMetrics.sheetJobs, {}, jobs);
      metrics.observe(dispatcherMetrics.publishSeconds, {}, seconds(ms));
    },
    watch(term) {
      const open = new Set([...term.jobs()].map(({ id }) => id));
      // Those let go by another dispatcher are nobody's to count any more.
      for (const id of counted) if (!open.has(id)) counted.delete(id);
      const { pending, oldestPending, assigned, lifters, slots } = dispatcherMetrics;
      const { undelivered, oldestUndelivered } = dispatcherMetrics;
      const watches = [
        metrics.watch(pending, () => byHandler(term, ({ waiting }) => waiting)),
        metrics.watch(oldestPending, () => byHandler(term, ({ longestMs }) => seconds(longestMs))),
        metrics.watch(assigned, () => byHandler(term, (backlog) => backlog.assigned)),
        metrics.watch(undelivered, () => byHandler(term, (backlog) => backlog.untold)),
        metrics.watch(oldestUndelivered, () =>
          byHandler(term, ({ longestUntoldMs }) => seconds(longestUntoldMs)),
        ),
        metrics.watch(lifters, () => lifterStates(term)),
        metrics.watch(slots, () => slotStates(term)),
        metrics.watch(dispatcherMetrics.handlerLifters, () => liftersByHandler(term)),
      ];
      return () => {
        for (const end of watches) end();
      };
    },
  };
}

interface Backlog {
  waiting: number;
  assigned: number;
  /** For how long the oldest one that may start has been waiting. */
  longestMs: number;
  /** Those that have ended, and whose requesters are still to be told. */
  untold: number;
  /** For how long the oldest of those has been over. */
  longestUntoldMs: number;
}

function* byHandler(
  term: TermState,
  measure: (backlog: Backlog) => number,
): Iterable<Reading<'handler'>> {
  for (const [handler, backlog] of backlogs(term))
    yield { labels: { handler }, value: measure(backlog) };
}

const noBacklog = (): Backlog => ({
  ...{ waiting: 0, assigned: 0, longestMs: 0 },
  ...{ untold: 0, longestUntoldMs: 0 },
});

function backlogs({ jobs, endedAt, handlers, now }: TermState): ReadonlyMap<string, Backlog> {
  const found = new Map<string, Backlog>();
  const of = (kind: string): Backlog => {
    const backlog = found.get(kind) ?? noBacklog();
    found.set(kind, backlog);
    return backlog;
  };
  for (const handler of handlers()) of(handler);
  const time = now();
  for (const entry of jobs()) {
    const ended = endedAt(entry.id);
    if (ended !== undefined) {
      // A job for all is told as one.
      if (entry.target.type === 'child') continue;
      const backlog = of(entry.kind);
      backlog.untold += 1;
      backlog.longestUntoldMs = Math.max(backlog.longestUntoldMs, time - ended);
      continue;
    }
    // A job for all waits for its parts, not for a lifter.
    if (entry.target.type === 'all') continue;
    const backlog = of(entry.kind);
    if (entry.state.type === 'assigned') backlog.assigned += 1;
    else {
      backlog.waiting += 1;
      backlog.longestMs = Math.max(backlog.longestMs, time - waitsSince(entry));
    }
  }
  return found;
}

function liftersByHandler({ handlers, liftersOf }: TermState): Reading<'handler'>[] {
  const counts = new Map([...handlers()].map((handler) => [handler, 0]));
  for (const [handler, count] of liftersOf?.() ?? []) counts.set(handler, count);
  return [...counts].map(([handler, value]) => ({ labels: { handler }, value }));
}

function lifterStates({ lifters }: TermState): Reading<'state'>[] {
  const all = [...lifters()];
  const draining = all.filter((lifter) => lifter.draining).length;
  return [
    { labels: { state: 'working' }, value: all.length - draining },
    { labels: { state: 'draining' }, value: draining },
  ];
}

function slotStates({ lifters }: TermState): Reading<'state'>[] {
  let busy = 0;
  let free = 0;
  for (const lifter of lifters()) {
    busy += lifter.busy;
    // Who is about to leave takes nothing more.
    if (!lifter.draining) free += Math.max(0, lifter.slots - lifter.busy);
  }
  return [
    { labels: { state: 'busy' }, value: busy },
    { labels: { state: 'free' }, value: free },
  ];
}
