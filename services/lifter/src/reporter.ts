import type {
  AttemptReport,
  JobEvent,
  JobId,
  JobResult,
  Progress,
  RunningJob,
} from '@heavylift/jobs';
import { aboutJob, createOutbox, type Logger, messageOf, within } from '@heavylift/service';
import { hasCondition, isXmppError, type PubSubNode } from '@heavylift/xmpp-pubsub';
import type { Assignment } from './assignments.js';
import type { LedgerView } from './ledger-view.js';
import { createProgressReporter } from './progress.js';
import { isResult, type Report } from './reports.js';
import { createResultRing } from './result-ring.js';
import { createResultSpace } from './result-space.js';
import { createStatements, type LedgerNews } from './statements.js';

/** Tells how jobs fare and how they ended. */
export interface Reporter {
  /** Attempts that have ended, and of which the server does not know it yet. */
  readonly untold: readonly RunningJob[];
  /** Whether it is remembered how the attempt ended: it has been said, or is being said. */
  isAnswered(assignment: Assignment): boolean;
  /** May be lost. */
  progress(progress: Progress): void;
  /** How an attempt ended: is not lost, as long as the job is this lifter's. Nothing more is said of its progress. */
  ended(assignment: Assignment, report: Report | undefined): void;
  /** To be called with all that is new in the ledger: what was not heard is said again. */
  ledgerChanged(news: LedgerNews): void;
  /** Waits until the server has everything, but no longer than that. */
  flush(timeoutMs: number): Promise<void>;
  /** Ends it. @returns the jobs whose end is not told */
  close(): JobId[];
}

export interface ReporterOptions {
  /** Bare JID of this lifter. */
  readonly account: () => string;
  /** Items of results that this lifter has at the node, at most. */
  readonly resultsKept: number;
  readonly results: PubSubNode<readonly JobResult[]>;
  readonly events: PubSubNode<readonly JobEvent[]>;
  readonly ledger: Pick<LedgerView, 'mine' | 'isCurrent'>;
  readonly log: Logger;
  /** The server knows of the ends of more attempts. */
  readonly onTold: () => void;
}

/** Of the failure that takes the place of a result which the server would not have. */
const refusedClass = 'ResultRefused';

/** The same item would be refused again, however often. */
const isRefusedForGood = (error: unknown): boolean =>
  isXmppError(error, 'too-large', 'invalid-character') ||
  hasCondition(error, 'payload-too-big', 'invalid-payload', 'not-acceptable', 'bad-request');

/** What results may wait for others while many come, in milliseconds. */
const longestRestMs = 50;

export function createReporter(options: ReporterOptions): Reporter {
  const { account, resultsKept, results, events, ledger, log, onTold } = options;
  const ring = createResultRing(results, account, resultsKept);
  const space = createResultSpace({ node: results, account, size: resultsKept });
  const statements = createStatements();
  const about = ({ job, attempt }: Report) => {
    const assignment = statements.assignmentOf(job);
    return assignment === undefined ? { job, attempt } : aboutJob({ ...assignment, attempt });
  };

  const progress = createProgressReporter({
    publish: async (batch) => {
      if (ledger.isCurrent) await events.publish(batch);
    },
    onDropped: (error) => log.debug({ err: error }, 'progress dropped'),
  });

  /** Withholds what became untrue while the connection was broken: the job is another's by now, or over. */
  const policy = {
    isOpen: () => ledger.isCurrent,
    isValid: ({ job, attempt }: Report) => ledger.mine.get(job)?.attempt === attempt,
    sizeOf: (report: Report) => Buffer.byteLength(JSON.stringify(report)),
    onWithheld: (report: Report) =>
      log.warn(about(report), 'the end of the attempt is not told: the job is not ours any more'),
    onRetry: (err: unknown, reports: readonly Report[], retryInMs: number) => {
      log.warn(
        { err, jobs: reports.map(about), retryInMs },
        'the server has not confirmed outcomes, trying again',
      );
    },
  };

  /** The job has ended all the same, and whoever asked is to hear of it. */
  function inPlaceOf(result: JobResult, error: unknown): JobResult | undefined {
    const isLast = result.status === 'failed' && result.error.class === refusedClass;
    log.error({ ...about(result), err: error, isLast }, 'the server refuses the result');
    if (isLast) return undefined;
    const { job, number, kind, attempt, lifter, submitted, started, finished } = result;
    const message = `the server refused the result: ${messageOf(error)}`;
    return {
      ...{ job, number, kind, attempt, submitted, finished, failures: [], status: 'failed' },
      ...(lifter !== undefined && { lifter }),
      ...(started !== undefined && { started }),
      error: { class: refusedClass, message, final: true },
    };
  }

  let lastResults: readonly JobResult[] = [];
  const resultsOutbox = createOutbox<JobResult>({
    ...policy,
    newItemId: ring.next,
    isIdTaken(error) {
      const isTaken = hasCondition(error, 'forbidden', 'conflict', 'not-allowed');
      if (isTaken) ring.taken();
      return isTaken;
    },
    isHopeless: isRefusedForGood,
    onHopeless: inPlaceOf,
    // Jobs that come by one sheet and take no time end together.
    byTurn: true,
    longestRestMs,
    async publish(id, batch) {
      lastResults = batch;
      const ordered = ring.ordered(batch);
      await results.publish(ordered, { id });
      confirm(batch);
      // The next waits for it: a server may lose what one account writes and retracts at once.
      await space
        .wrote(id, ordered)
        .catch((err: unknown) => log.debug({ err, id }, 'older results could not be retracted'));
    },
    async hasArrived(id) {
      if (!(await ring.holds(id, lastResults))) return false;
      confirm(lastResults);
      return true;
    },
  });
  const reportsOutbox = createOutbox<AttemptReport>({
    ...policy,
    async publish(id, batch) {
      await events.publish(batch, { id });
      confirm(batch);
    },
  });

  function confirm(reports: readonly Report[]): void {
    for (const report of reports) statements.confirmed(report);
    onTold();
  }

  const say = (report: Report) => {
    if (isResult(report)) resultsOutbox.add(report);
    else reportsOutbox.add(report);
  };

  return {
    get untold() {
      return statements.unconfirmed;
    },
    isAnswered: ({ id, attempt }) => statements.isOf(id, attempt),
    progress: (latest) => progress.report(latest),
    ended(assignment, report) {
      progress.forget(assignment.id);
      if (report === undefined) return;
      statements.add(assignment, report);
      say(report);
    },
    ledgerChanged(news) {
      for (const report of statements.toRepeat(news, ledger.mine)) say(report);
      if (!news.isReread) return;
      // Whoever has a result asks again, and says why that fails.
      ring.find().catch(() => undefined);
      resultsOutbox.resume();
      reportsOutbox.resume();
    },
    flush: (timeoutMs) =>
      within(timeoutMs, Promise.all([resultsOutbox.emptied(), reportsOutbox.emptied()])),
    close() {
      progress.close();
      return [...resultsOutbox.close(), ...reportsOutbox.close()].map(({ job }) => job);
    },
  };
}
