import { setTimeout as sleep } from 'node:timers/promises';
import type { HandlerSpec, JobEvent, JobResult, LifterAnnouncement, Sheet } from '@heavylift/jobs';
import {
  createOutbox,
  ignoring,
  type Lifecycle,
  type Logger,
  type Metrics,
  noMetrics,
  noTracing,
  obeyShutdownOrders,
  onceATurn,
  type Tracing,
  within,
} from '@heavylift/service';
import {
  type BareJid,
  hasCondition,
  type PubSubNode,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import { createAnnouncer } from './announcer.js';
import { type Decision, decide, takenAssignments, whyEnded } from './assignments.js';
import { createCrew } from './crew.js';
import type { HandlerRegistry } from './handlers/registry.js';
import { handlerSpec } from './handlers/spec.js';
import { createLedgerView } from './ledger-view.js';
import { observeLifter } from './metrics.js';
import { createReporter } from './reporter.js';
import { type EndedAttempt, isResult, reportOf, withRequester } from './reports.js';
import type { Runner } from './runner/runner.js';

export interface LifterNodes {
  readonly jobs: PubSubNode<Sheet>;
  readonly results: PubSubNode<readonly JobResult[]>;
  readonly events: PubSubNode<readonly JobEvent[]>;
  readonly handlers: PubSubNode<readonly HandlerSpec[]>;
}

export interface LifterOptions {
  /** Online before the lifter is started, and until it has stopped. */
  readonly session: Session;
  readonly nodes: LifterNodes;
  /** Bare JID of the only account whose orders count. */
  readonly dispatcher: BareJid;
  readonly version: string;
  readonly slots: number;
  /** Whether results say who asked. @default false */
  readonly namesRequester?: boolean;
  /** Items of results to leave at the node; the oldest is overwritten. */
  readonly resultsKept: number;
  /** Time for running jobs to finish when the lifter stops, in milliseconds; then they are handed back. */
  readonly drainMs: number;
  /** Time for a job to end once it has been told to, in milliseconds: the runner's. */
  readonly graceMs: number;
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  readonly registry: HandlerRegistry;
  /** How many handlers and modules of them it cannot use. @default 0 */
  readonly refused?: number;
  readonly runner: Runner;
  /** @default nobody counts */
  readonly metrics?: Metrics;
  /** @default nobody wants to know */
  readonly tracing?: Tracing;
  readonly log: Logger;
}

/** Beyond the grace time, for handlers to be gone that are ended. */
const endingMs = 2_000;
/** Time for the server to confirm the last outcomes when the lifter stops. */
const flushMs = 10_000;
/** How long an idle lifter that stops still hands back what was given to it before its last word was heard. */
const lingerMs = 300;

/** Runs what the ledger gives to this process, and tells how it ends. */
export function createLifter(options: LifterOptions): Lifecycle {
  const { session, nodes, dispatcher, version, slots, drainMs, graceMs, log } = options;
  const { registry, runner, shutdown, metrics = noMetrics } = options;
  const { tracing = noTracing } = options;
  const handlers = [...registry.values()].map(handlerSpec);
  const taken = takenAssignments();
  const ownAccount = () => session.jid?.bare ?? '';
  /** Ids of the item of handlers that other accounts have. */
  let idsTaken = 0;
  let draining = false;
  let unlisten: readonly Unlisten[] = [];

  const announcer = createAnnouncer({
    session,
    dispatcher,
    describe,
    onAsked: ({ newest }) => newest && ledger.heardOf(newest),
    log,
  });
  const ledger = createLedgerView({
    session,
    node: nodes.jobs,
    dispatcher,
    ignore: ignoring(metrics, log),
    log,
    onNews(news) {
      reporter.ledgerChanged(news);
      act();
      if (news.newEpoch) announcer.announce();
    },
  });
  const reporter = createReporter({
    ...nodes,
    resultsKept: options.resultsKept,
    account: ownAccount,
    ledger,
    log,
    onTold: announcer.announce,
  });
  const crew = createCrew({ runner, tracing, log, onProgress: reporter.progress, onEnd: ended });
  const observer = observeLifter(metrics, {
    slots,
    refused: options.refused ?? 0,
    handlers: handlers.map(({ name }) => name),
    running: () => crew.running.values(),
    unreported: () => reporter.untold.length,
  });
  const handlersOutbox = createOutbox<readonly HandlerSpec[]>({
    isOpen: () => session.status === 'online',
    // The account's own item: nobody else can overwrite it, and the next process does. Should another account have taken that id, there
    // are more that only this one may use.
    newItemId: async () => (idsTaken === 0 ? ownAccount() : `${ownAccount()}/${idsTaken}`),
    isIdTaken(error) {
      const isTaken = hasCondition(error, 'forbidden', 'conflict', 'not-allowed');
      if (isTaken) idsTaken += 1;
      return isTaken;
    },
    async publish(id, [specs = []]) {
      await nodes.handlers.publish(specs, { id });
    },
    maxEntries: 1,
    sizeOf: () => 1,
    onRetry: (err) => log.warn({ err }, 'the handlers could not be published, trying again'),
  });

  function describe(): LifterAnnouncement {
    // An ended job counts as running until its end can be known: else it would look as if nobody ran it.
    const running = [...crew.running].map(([id, { attempt }]) => ({ id, attempt }));
    return {
      version,
      slots,
      busy: running.length,
      draining,
      handlers: handlers.map(({ name }) => name),
      running: [...running, ...reporter.untold],
    };
  }

  /** Does what is to be done as things stand. While they are not known, what runs goes on, and nothing else happens. */
  function act(): void {
    if (!ledger.isCurrent) return;
    const { running } = crew;
    const handlerOf = (kind: string) => registry.get(kind);
    const { mine } = ledger;
    const { isAnswered } = reporter;
    const isTaken = taken.has;
    const situation = { mine, running, isTaken, isAnswered, slots, draining, handlerOf };
    for (const decision of decide(situation)) carryOut(decision);
  }

  /** Short jobs end together: one look at what comes next is enough for them. */
  const fillSlots = onceATurn(() => {
    act();
    // Last, so that a slot that is taken again is not said to be free.
    announcer.announce();
  });

  function carryOut(decision: Decision): void {
    switch (decision.type) {
      case 'start':
        taken.add(decision.assignment);
        crew.start(decision.assignment, decision.handler);
        announcer.announce();
        break;
      case 'abort':
        crew.abort(decision.job, decision.reason);
        break;
      case 'cancel':
        taken.add(decision.assignment);
        tell({
          assignment: decision.assignment,
          outcome: { type: 'aborted' },
          reason: whyEnded(decision.assignment),
          finished: Date.now(),
        });
        break;
      case 'release':
        tell({
          assignment: decision.assignment,
          outcome: { type: 'released', reason: decision.note },
          finished: Date.now(),
        });
        break;
    }
  }

  function ended(attempt: EndedAttempt): void {
    observer.ended(attempt);
    tell(attempt);
    fillSlots();
  }

  function tell(attempt: EndedAttempt): void {
    const { assignment } = attempt;
    const said = reportOf(attempt);
    const report = said && options.namesRequester ? withRequester(said, assignment) : said;
    const isReleased = report !== undefined && !isResult(report) && report.outcome === 'released';
    if (isReleased) taken.release(assignment);
    reporter.ended(assignment, report);
  }

  /** A new stream: the server knows nothing of this lifter. */
  async function greet(): Promise<void> {
    await announcer.appear();
    if (handlersOutbox.size === 0) handlersOutbox.add(handlers);
    else handlersOutbox.resume();
  }

  async function drain(): Promise<void> {
    draining = true;
    announcer.announce();
    act();
    await within(drainMs, Promise.all([crew.idle(), sleep(lingerMs)]));
  }

  async function handBack(): Promise<void> {
    for (const job of crew.running.keys()) crew.abort(job, 'draining');
    // What is inline and does not end, ends with the process. Nothing is told of it: whoever misses it then waits for the process to be gone.
    await within(graceMs + endingMs, crew.idle());
  }

  return {
    name: 'lifter',
    // A server on which nothing is provisioned yet is waited for.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    stopTimeoutMs: drainMs + graceMs + endingMs + flushMs + lingerMs + 5_000,

    async start() {
      unlisten = [
        obeyShutdownOrders(session, dispatcher, shutdown),
        session.on('online', ({ resumed }) => {
          if (resumed) return;
          void greet().then(announcer.announce);
        }),
      ];
      await greet();
      await Promise.all([ledger.start(), handlersOutbox.emptied()]);
      announcer.announce();
      log.info({ slots, handlers: handlers.map(({ name }) => name) }, 'takes jobs');
    },

    async stop() {
      // Without a session there is nobody to finish for.
      const canTell = session.status !== 'stopped';
      if (canTell) await drain();
      await handBack();
      if (canTell) await reporter.flush(flushMs);
      const untold = reporter.close();
      if (untold.length > 0) log.error({ jobs: untold }, 'the ends of jobs could not be told');
      handlersOutbox.close();
      for (const off of unlisten) off();
      observer.stop();
      await announcer.disappear();
      await ledger.stop();
      await runner.stop();
    },
  };
}
