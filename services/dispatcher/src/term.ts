import { randomBytes } from 'node:crypto';
import {
  admit,
  eventsCodec,
  type HandlerSpec,
  handlersCodec,
  type JobEntry,
  type JobId,
  type JobResult,
  type LifterAnnouncement,
  makeJobId,
  type NewJob,
  type NodeRole,
  nodeName,
  openLedger,
  resultsCodec,
  sheetCodec,
} from '@heavylift/jobs';
import { createOutbox, type Logger, replicateHandlers, trustPublishers } from '@heavylift/service';
import type { Item, PubSubService, Replica, Session } from '@heavylift/xmpp-pubsub';
import type { RunAnswer, RunRequest } from './chat/conversation.js';
import { createLedgerWriter } from './ledger/writer.js';
import { type Counts, createScheduler } from './scheduler/scheduler.js';

export interface TermOptions {
  readonly session: Session;
  readonly pubsub: PubSubService;
  readonly nodePrefix: string;
  /** Bare JIDs: the dispatcher's own, the lifters', the notifier's. */
  readonly bot: string;
  readonly lifters: readonly string[];
  readonly notifier: string;
  readonly graceMs: number;
  readonly maxOpenJobs: number;
  readonly onCounts: () => void;
  readonly log: Logger;
}

/**
 * One term of office: from the reading of the nodes to the break of the connection, or to the stop. Whatever was not confirmed when it
 * ends is left as the server has it, and the next term reads that.
 */
export interface Term {
  readonly specs: ReadonlyMap<string, HandlerSpec>;
  /** Resolves when the job stands in the ledger, or does not for a good reason. Rejects if the term ends before that is known. */
  run(request: RunRequest): Promise<RunAnswer>;
  lifterAnnounced(jid: string, announcement: LifterAnnouncement): void;
  lifterLeft(jid: string): void;
  counts(): Counts;
  /** Writes what is left to write, as far as that is possible, and ends. */
  end(reason: Error): Promise<void>;
}

const tickMs = 250;
const cancelGraceMs = 10_000;
const closeTimeoutMs = 2_000;

interface Waiter {
  resolve(entry: JobEntry): void;
  reject(reason: Error): void;
}

/** Begins a term: reads the ledger, and takes over from where it stands. To be called when online, with presence sent. */
export async function beginTerm(options: TermOptions): Promise<Term> {
  const { session, pubsub, bot, lifters, notifier, graceMs, maxOpenJobs, onCounts, log } = options;
  const name = (role: NodeRole) => nodeName(role, options.nodePrefix);
  const nodes = {
    jobs: pubsub.node(name('jobs'), sheetCodec),
    results: pubsub.node(name('results'), resultsCodec),
    events: pubsub.node(name('events'), eventsCodec),
    handlers: pubsub.node(name('handlers'), handlersCodec),
  };
  const refused = (node: NodeRole) => (item: { readonly id: string }) =>
    log.warn({ node, ...item }, 'refused an item: not published by an account that may');
  const trusted = {
    jobs: trustPublishers([bot], refused('jobs')),
    results: trustPublishers([bot, ...lifters], refused('results')),
    events: trustPublishers([notifier, ...lifters], refused('events')),
    handlers: trustPublishers(lifters, refused('handlers')),
  };

  const sheets = trusted.jobs(await nodes.jobs.items());
  const epoch = 1 + Math.max(0, ...sheets.map(({ value }) => value.epoch));
  const ledger = openLedger({
    epoch,
    items: sheets.map(({ id, value }) => ({ id, sheet: value })),
  });
  const accepted = new Map<JobId, Waiter>();
  let ended: Error | undefined;

  const writer = createLedgerWriter(ledger, {
    node: nodes.jobs,
    mayWrite: () => (ended === undefined ? Promise.resolve() : Promise.reject(ended)),
    onWritten({ written }) {
      for (const entry of written) {
        accepted.get(entry.id)?.resolve(entry);
        accepted.delete(entry.id);
      }
    },
    onFailure(error, retryInMs) {
      if (ended === undefined)
        log.warn({ err: error, retryInMs }, 'the ledger could not be written');
    },
  });

  const results = createOutbox<JobResult>({
    isOpen: () => ended === undefined && session.status === 'online',
    publish: async (itemId, values) => {
      await nodes.results.publish(values, { id: itemId });
    },
    sizeOf: (result) => 500 + JSON.stringify(result).length,
    onRetry: (error, values, retryInMs) =>
      log.warn({ err: error, count: values.length, retryInMs }, 'results could not be published'),
  });

  const scheduler = createScheduler({
    ledger,
    graceMs,
    cancelGraceMs,
    limits: {},
    now: Date.now,
    random: Math.random,
    onChange() {
      writer.kick();
      onCounts();
    },
    onEnd: (result) => results.add(result),
    onNote: (details, message) => log.warn(details, message),
  });

  function replicateResults(): Replica {
    const take = (items: readonly Item<readonly JobResult[]>[]) => {
      for (const { value } of trusted.results(items))
        for (const result of value) scheduler.ended(result);
      onCounts();
    };
    return nodes.results.replicate({
      reset: take,
      event(event) {
        if (event.type === 'published') take(event.items);
      },
      failed: (error) => log.warn({ err: error, node: 'results' }, 'could not read the node'),
    });
  }

  const unlisten = nodes.events.on((event) => {
    if (event.type !== 'published') return;
    for (const { value, publisher } of trusted.events(event.items)) {
      const from = publisher?.toString() ?? '';
      const isNotifier = publisher?.bare().toString() === notifier;
      for (const said of value) {
        if (said.type === 'told' && isNotifier) scheduler.told(said.job);
        if (said.type === 'attempt' && !isNotifier) scheduler.reported(said, from);
      }
    }
    onCounts();
  });
  const catalogue = replicateHandlers(nodes.handlers, trusted.handlers, (error) =>
    log.warn({ err: error, node: 'handlers' }, 'could not read the node'),
  );
  const replicas = [catalogue.replica, replicateResults()];
  const timer = setInterval(() => scheduler.tick(), tickMs);

  async function end(reason: Error): Promise<void> {
    if (ended !== undefined) return;
    clearInterval(timer);
    unlisten();
    if (session.status === 'online') await writer.close(closeTimeoutMs);
    ended = reason;
    const unpublished = results.close().length;
    if (unpublished > 0) log.warn({ unpublished }, 'results are left for the next term');
    await writer.close(0);
    await Promise.all(replicas.map((replica) => replica.stop()));
    for (const waiter of accepted.values()) waiter.reject(reason);
    accepted.clear();
  }

  async function run(request: RunRequest): Promise<RunAnswer> {
    const admission = admit({
      open: ledger.size,
      openOfRequester: 0,
      limits: { total: maxOpenJobs },
      endedPerSecond: 0,
    });
    if (!admission.admitted) return { kind: 'refused', text: admission.text };
    const job = newJob(request);
    if (job === undefined)
      return { kind: 'impossible', reason: 'schedules and "on all" are not built yet' };
    const written = new Promise<JobEntry>((resolve, reject) => {
      accepted.set(job.id, { resolve, reject });
    });
    scheduler.submit(job);
    const entry = await written;
    log.info({ job: entry.id, number: entry.number, kind: entry.kind }, 'accepted');
    const waitsFor = scheduler.waitsFor(entry.id);
    return { kind: 'accepted', entry, ...(waitsFor === undefined ? {} : { waitsFor }) };
  }

  await Promise.all(replicas.map((replica) => replica.ready)).catch(async (error: unknown) => {
    await end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  writer.kick();
  log.info({ epoch, open: ledger.size, sheets: ledger.sheets }, 'active');

  return {
    specs: catalogue.specs,
    run,
    lifterAnnounced(jid, announcement) {
      scheduler.announced(jid, announcement);
      onCounts();
    },
    lifterLeft(jid) {
      scheduler.left(jid);
      onCounts();
    },
    counts: () => scheduler.counts(),
    end,
  };
}

function newJob({ spec, args, clauses, requester }: RunRequest): NewJob | undefined {
  const now = Date.now();
  const { when, target, priority = 0 } = clauses;
  if (when?.kind === 'every' || when?.kind === 'at' || target?.kind === 'all') return undefined;
  return {
    id: makeJobId(now, randomBytes(10)),
    kind: spec.name,
    args,
    requester,
    submitted: now,
    ...(when === undefined ? {} : { notBefore: now + when.ms }),
    timeoutMs: spec.timeoutMs,
    priority,
    attempt: 1,
    maxAttempts: spec.maxAttempts,
    stalls: 0,
    target: target === undefined ? { type: 'any' } : { type: 'lifter', name: target.name },
    failures: [],
    state: { type: 'pending' },
  };
}
