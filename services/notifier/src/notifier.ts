import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BotMessage,
  createLedgerReplica,
  encodeBotMessage,
  eventsCodec,
  handlersCodec,
  type JobEvent,
  type JobResult,
  type LedgerChanges,
  type NodeRole,
  nodeName,
  resultsCodec,
  type SheetItem,
  sheetCodec,
} from '@heavylift/jobs';
import {
  availability,
  createOutbox,
  type HandlerCatalogue,
  keepPresence,
  type Lifecycle,
  type Logger,
  replicateHandlers,
  trustPublishers,
  within,
} from '@heavylift/service';
import type { Item, PubSubService, Session, Unlisten } from '@heavylift/xmpp-pubsub';
import { isXmppError } from '@heavylift/xmpp-pubsub';
import { createProgressRelay } from './progress-relay.js';
import { createTeller } from './teller.js';

export interface NotifierOptions {
  /** The notifier's own session, for PubSub. */
  readonly session: Session;
  readonly pubsub: PubSubService;
  /** A session as the bot, in which this service only speaks: to people there is one contact. */
  readonly voice: Session;
  readonly nodePrefix: string;
  /** Bare JID of the bot: the one that writes the ledger. */
  readonly bot: string;
  /** Bare JIDs of the lifters. */
  readonly lifters: readonly string[];
  readonly progressIntervalMs: number;
  readonly log: Logger;
}

/** Never the resource that chat to the bot's bare JID reaches, and never one that events reach (RFC 6121 section 8.5.2). */
const voicePriority = -1;
const longestPauseMs = 10_000;
/** Time to report, at the stop, who was told. */
const lastWordsMs = 2_000;

/** Tells requesters what became of their jobs, as the bot. */
export function createNotifier(options: NotifierOptions): Lifecycle {
  const { session, pubsub, voice, nodePrefix, bot, lifters, progressIntervalMs, log } = options;
  const name = (role: NodeRole) => nodeName(role, nodePrefix);
  const nodes = {
    jobs: pubsub.node(name('jobs'), sheetCodec),
    results: pubsub.node(name('results'), resultsCodec),
    events: pubsub.node(name('events'), eventsCodec),
    handlers: pubsub.node(name('handlers'), handlersCodec),
  };
  const refuse =
    (node: string) => (item: { readonly id: string; readonly publisher?: string | undefined }) =>
      log.warn({ node, ...item }, 'refused an item: not published by an account that may');
  const trust = {
    jobs: trustPublishers([bot], refuse('jobs')),
    results: trustPublishers([bot, ...lifters], refuse('results')),
    events: trustPublishers(lifters, refuse('events')),
    handlers: trustPublishers(lifters, refuse('handlers')),
  };
  const ledger = createLedgerReplica();
  let catalogue: HandlerCatalogue | undefined;
  const stopping = new AbortController();
  let stopParts: (() => unknown)[] = [];

  const told = createOutbox<JobEvent>({
    isOpen: () => session.status === 'online',
    publish: async (itemId, events) => {
      await nodes.events.publish(events, { id: itemId });
    },
    sizeOf: () => 200,
    onRetry: (error, events, retryInMs) =>
      log.warn({ err: error, count: events.length, retryInMs }, 'could not report who was told'),
  });

  const teller = createTeller({
    entry: (job) => ledger.get(job),
    spec: (kind) => catalogue?.specs.get(kind),
    say: (message) => voice.sendConfirmed(encodeBotMessage(message)),
    reportTold: (job) => told.add({ type: 'told', job, at: Date.now() }),
    pause: async (attempt) => {
      const ms = Math.min(longestPauseMs, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);
      await sleep(ms, undefined, { signal: stopping.signal });
    },
    onTold: ({ status }, { id, number, attempt }) =>
      log.info({ job: id, number, attempt, status }, 'told'),
    onFailure: (result, error) => {
      if (stopping.signal.aborted) return;
      log.warn(
        { err: error, job: result.job, number: result.number },
        'not told yet, trying again',
      );
    },
  });

  const progress = createProgressRelay(
    {
      entry: (job) => ledger.get(job),
      spec: (kind) => catalogue?.specs.get(kind),
      hasOutcome: (job) => teller.hasOutcome(job),
      say: (message) => sayLightly(message),
      newMessageId: randomUUID,
    },
    progressIntervalMs,
  );

  function sayLightly(message: BotMessage): void {
    voice.send(encodeBotMessage(message)).catch((error: unknown) => {
      if (!isXmppError(error, 'not-online', 'disconnected', 'stopped'))
        log.warn({ err: error, job: message.job?.id }, 'progress could not be said');
    });
  }

  function onLedger(changes: LedgerChanges): void {
    for (const job of changes.gone) progress.forget(job);
    teller.ledgerChanged(changes);
  }

  function onEvents(events: readonly JobEvent[]): void {
    for (const event of events) if (event.type === 'progress') progress.progress(event);
  }

  function listenToEvents(): Unlisten {
    return nodes.events.on((event) => {
      if (event.type !== 'published') return;
      for (const { value } of trust.events(event.items)) onEvents(value);
    });
  }

  function replicateLedger() {
    const sheets = (items: readonly Item<SheetItem['sheet']>[]) =>
      trust.jobs(items).map(({ id, value }) => ({ id, sheet: value }));
    const replica = nodes.jobs.replicate({
      reset: (items) => onLedger(ledger.reset(sheets(items))),
      event(event) {
        if (event.type !== 'published') return;
        onLedger(ledger.published(sheets(event.items)));
        // An event was lost.
        if (ledger.missing > 0) replica.refresh().catch(readFailed('jobs'));
      },
      failed: readFailed('jobs'),
    });
    return replica;
  }

  function replicateResults() {
    const take = (items: readonly Item<readonly JobResult[]>[]) => {
      for (const { value } of trust.results(items))
        for (const result of value) teller.outcome(result);
    };
    return nodes.results.replicate({
      reset: take,
      event(event) {
        if (event.type === 'published') take(event.items);
      },
      failed: readFailed('results'),
    });
  }

  const readFailed = (node: NodeRole) => (error: unknown) =>
    log.warn({ err: error, node }, 'could not read the node, trying again');

  return {
    name: 'notifier',
    // The server may be there and our nodes not yet.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    async start(signal) {
      const onFailure = (error: unknown) => log.warn({ err: error }, 'presence could not be sent');
      const own = keepPresence(session, { stanza: () => availability(0), onFailure });
      const spoken = keepPresence(voice, { stanza: () => availability(voicePriority), onFailure });
      const unlisten = [session.on('online', () => told.resume()), listenToEvents()];
      catalogue = replicateHandlers(nodes.handlers, trust.handlers, readFailed('handlers'));
      const replicas = [catalogue.replica, replicateLedger()];
      stopParts = [
        () => own.stop(),
        () => spoken.stop(),
        ...unlisten,
        ...replicas.map((replica) => () => replica.stop()),
      ];
      await abortable(Promise.all(replicas.map((replica) => replica.ready)), signal);
      // Results come last: an outcome without its job would have to wait.
      const results = replicateResults();
      stopParts.push(() => results.stop());
      await abortable(results.ready, signal);
    },
    async stop() {
      stopping.abort();
      progress.stop();
      await within(lastWordsMs, told.emptied());
      told.close();
      await Promise.all(stopParts.map((stop) => stop()));
    },
  };
}

async function abortable(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  await Promise.race([work, aborted]);
}
