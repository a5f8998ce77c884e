import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BotMessage,
  createLedgerReplica,
  encodeBotMessage,
  eventsCodec,
  handlersCodec,
  inOrderOfCounting,
  type JobEvent,
  type JobId,
  type JobResult,
  type LedgerChanges,
  type NodeRole,
  nodeName,
  resultsCodec,
  type SheetItem,
  sheetCodec,
} from '@heavylift/jobs';
import {
  aboutJob,
  availability,
  type Candidacy,
  createOutbox,
  forwardToBare,
  type HandlerCatalogue,
  ignoring,
  keepPresence,
  type Lifecycle,
  type Logger,
  leaderMark,
  type Metrics,
  noMetrics,
  noTracing,
  obeyShutdownOrders,
  replicateHandlers,
  ServiceError,
  spanAttributes,
  standForOffice,
  type Tracing,
  trustNamesakes,
  trustPublishers,
  trustResults,
  within,
} from '@heavylift/service';
import {
  type BareJid,
  type Item,
  isXmppError,
  type PubSubService,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { createGathering } from './gathering.js';
import { observeNotifier } from './metrics.js';
import { createProgressRelay } from './progress-relay.js';
import { createRetelling } from './retelling.js';
import { createTeller } from './teller.js';

export interface NotifierOptions {
  /** The notifier's own session, for PubSub. */
  readonly session: Session;
  readonly pubsub: PubSubService;
  /** A session as the bot, in which this service only speaks: to people there is one contact. */
  readonly voice: Session;
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  readonly nodePrefix: string;
  /** Bare JID of the bot: the one that writes the ledger. */
  readonly bot: BareJid;
  /** Bare JIDs of the lifters. */
  readonly lifters: readonly BareJid[];
  readonly progressIntervalMs: number;
  /** @default nobody counts */
  readonly metrics?: Metrics;
  /** @default nobody wants to know */
  readonly tracing?: Tracing;
  readonly log: Logger;
}

/** Never the resource that chat to the bot's bare JID reaches, and never one that events reach (RFC 6121 section 8.5.2). */
const voicePriority = -1;
const longestPauseMs = 10_000;
/** Reports of who was told go together that far: the dispatcher is in no hurry, and who dies in between says the same once more. */
const reportsSpacingMs = 25;
/** Time to report, at the stop, who was told. */
const lastWordsMs = 2_000;

/** Tells requesters what became of their jobs, as the bot. */
export function createNotifier(options: NotifierOptions): Lifecycle {
  const { session, pubsub, voice, nodePrefix, bot, lifters, progressIntervalMs, log } = options;
  const { metrics = noMetrics, tracing = noTracing } = options;
  const name = (role: NodeRole) => nodeName(role, nodePrefix);
  const nodes = {
    jobs: pubsub.node(name('jobs'), sheetCodec),
    results: pubsub.node(name('results'), resultsCodec),
    events: pubsub.node(name('events'), eventsCodec),
    handlers: pubsub.node(name('handlers'), handlersCodec),
  };
  const ignore = ignoring(metrics, log);
  const refuse = (node: NodeRole) => (item: { readonly id: string }) =>
    ignore(node, 'untrusted', item);
  const trust = {
    jobs: trustPublishers([bot], refuse('jobs')),
    results: trustResults(bot, lifters, refuse('results')),
    events: trustPublishers(lifters, refuse('events')),
    handlers: trustNamesakes(lifters, refuse('handlers')),
  };
  const ledger = createLedgerReplica();
  const about = (job: JobId = '') => {
    const entry = ledger.get(job);
    return entry === undefined ? { job } : aboutJob(entry);
  };
  let catalogue: HandlerCatalogue | undefined;
  const stopping = new AbortController();
  let candidacy: Candidacy | undefined;
  let term: Term | undefined;
  let stopParts: (() => unknown)[] = [];

  /** Resolves when what is to be said is ours to say. */
  async function certified(): Promise<void> {
    const office = candidacy?.office;
    if (office === undefined) throw new ServiceError('office-lost', 'this notifier is standing by');
    await office.certify();
  }

  // Kept over all terms, as is the memory of who was told: the instance may lead again.
  const told = createOutbox<JobEvent>({
    isOpen: () => session.status === 'online' && candidacy?.office !== undefined,
    publish: async (itemId, events) => {
      await certified();
      await nodes.events.publish(events, { id: itemId });
    },
    sizeOf: () => 200,
    spacingMs: reportsSpacingMs,
    onRetry: (error, events, retryInMs) =>
      log.warn({ err: error, count: events.length, retryInMs }, 'could not report who was told'),
  });

  /** Refused before it is sent, however often one tries. */
  const isHopeless = (error: unknown) => isXmppError(error, 'too-large', 'invalid-character');

  async function say(message: BotMessage): Promise<void> {
    const stanza = encodeBotMessage(message);
    await certified();
    await voice.sendConfirmed(stanza);
  }

  const retelling = createRetelling({
    session: voice,
    domain: () => voice.jid?.domain,
    say,
    onRetold: ({ job }) =>
      log.info(about(job?.id), 'told once more: the server went down just after'),
    onFailure: (error) => log.debug({ err: error }, 'whether the server went down is not known'),
  });

  async function sayOutcome(message: BotMessage): Promise<void> {
    await say(message);
    retelling.said(message);
  }

  const gathering = createGathering({ say: sayOutcome, isHopeless, newMessageId: randomUUID });

  const teller = createTeller({
    entry: (job) => ledger.get(job),
    spec: (kind) => catalogue?.specs.get(kind),
    say: sayOutcome,
    sayGathered: gathering.say,
    isHopeless,
    reportTold: (job) => told.add({ type: 'told', job, at: Date.now() }),
    pause: async (attempt) => {
      stopping.signal.throwIfAborted();
      const ms = Math.min(longestPauseMs, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);
      const signal = term?.signal ?? AbortSignal.abort();
      await sleep(ms, undefined, { signal });
    },
    onTold(result, entry, began) {
      observer.told(result);
      tracing.record(() => ({
        name: 'tell',
        parent: entry.traceparent,
        began,
        ended: Date.now(),
        attributes: { ...spanAttributes(entry), 'job.status': result.status },
      }));
      log.info({ ...about(entry.id), status: result.status }, 'told');
    },
    onFailure: (result, error, isHopeless) => {
      const details = { err: error, ...about(result.job) };
      if (isHopeless) log.error(details, 'cannot be told at all, letting it go');
      else if (term !== undefined) log.warn(details, 'not told yet, trying again');
    },
  });

  const observer = observeNotifier(metrics, () => teller.untold);

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
    if (candidacy?.office === undefined) return;
    voice.send(encodeBotMessage(message)).catch((error: unknown) => {
      if (!isXmppError(error, 'not-online', 'disconnected', 'stopped'))
        log.warn({ err: error, ...about(message.job?.id) }, 'progress could not be said');
    });
  }

  function onLedger(changes: LedgerChanges): void {
    for (const job of changes.gone) progress.forget(job);
    teller.ledgerChanged(changes);
  }

  function onEvents({ value, publisher }: Item<readonly JobEvent[]>): void {
    for (const event of value)
      if (event.type === 'progress') progress.progress(event, String(publisher));
  }

  function listenToEvents(): Unlisten {
    return nodes.events.on((event) => {
      if (event.type !== 'published') return;
      // What this account says of who was told is for the dispatcher.
      const own = session.jid?.bare;
      const others = event.items.filter(({ publisher }) => publisher?.bare !== own);
      for (const item of trust.events(others)) onEvents(item);
    });
  }

  function replicateLedger() {
    const sheets = (items: readonly Item<SheetItem['sheet']>[]) =>
      trust.jobs(items).map(({ id, value }) => ({ id, sheet: value }));
    const replica = nodes.jobs.replicate({
      reset: (items) => onLedger(ledger.reset(sheets(items))),
      event(event) {
        if (event.type !== 'published') return;
        const { refused } = ledger;
        onLedger(ledger.published(sheets(event.items)));
        if (ledger.refused > refused)
          ignore('jobs', 'stale', { sheets: event.items.map(({ id }) => id) });
        // An event was lost.
        if (ledger.missing > 0) replica.refresh().catch(readFailed('jobs'));
      },
      failed: readFailed('jobs'),
    });
    return replica;
  }

  function replicateResults() {
    const take = (items: readonly Item<readonly JobResult[]>[]) => {
      for (const result of inOrderOfCounting(trust.results(items))) teller.outcome(result);
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

  /** Reads what still stands, and tells it; from then on whatever comes. To be begun when presence has been sent. */
  function beginTerm(): Term {
    const over = new AbortController();
    catalogue = replicateHandlers(nodes.handlers, trust.handlers, readFailed('handlers'));
    const replicas = [catalogue.replica, replicateLedger()];
    const unlisten = listenToEvents();
    const ready = Promise.all(replicas.map((replica) => replica.ready)).then(() => {
      if (over.signal.aborted) return undefined;
      // Results come last: an outcome without its job would have to wait.
      const results = replicateResults();
      replicas.push(results);
      return results.ready;
    });
    // Whoever ends the term need not hear that it is not ready.
    ready.catch(() => undefined);
    told.resume();
    retelling.resume();
    return {
      signal: over.signal,
      ready,
      async end() {
        over.abort();
        unlisten();
        progress.stop();
        await Promise.all(replicas.map((replica) => replica.stop()));
      },
    };
  }

  function endTerm(): void {
    term?.end().catch((error: unknown) => log.warn({ err: error }, 'a replica did not stop'));
    term = undefined;
  }

  /** What reaches the voice: chat that belongs to the dispatcher, and what could not be delivered. */
  function onVoice(stanza: Element): void {
    if (stanza.is('message') && stanza.attrs['type'] === 'error') {
      const { id, from }: Record<string, unknown> = stanza.attrs;
      log.warn({ id, from }, 'a message came back: the server had taken it, so it counts as told');
      return;
    }
    forwardToBare(voice, stanza).catch((error: unknown) =>
      log.warn({ err: error, from: stanza.attrs['from'] }, 'chat could not be forwarded'),
    );
  }

  return {
    name: 'notifier',
    // The server may be there and our nodes not yet.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    async start(signal) {
      const onFailure = (error: unknown) => log.warn({ err: error }, 'presence could not be sent');
      const own = keepPresence(session, {
        // Events reach the one that is in office, and no other.
        stanza: () => {
          const office = candidacy?.office;
          const priority = office === undefined ? -1 : 0;
          return availability(priority, undefined, ...leaderMark('notifier', office));
        },
        onFailure,
      });
      const spoken = keepPresence(voice, { stanza: () => availability(voicePriority), onFailure });
      stopParts = [
        () => own.stop(),
        () => spoken.stop(),
        voice.on('stanza', onVoice),
        obeyShutdownOrders(voice, bot, options.shutdown),
      ];
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        candidacy = standForOffice({
          session,
          pubsub,
          nodePrefix,
          role: 'notifier',
          onElected() {
            own.say();
            term = beginTerm();
            // Broken off, it is begun anew.
            term.ready.then(
              () => resolve(),
              () => undefined,
            );
          },
          onOver() {
            endTerm();
            own.say();
          },
          onStandby: () => resolve(),
          metrics,
          log,
        });
      });
    },
    async stop() {
      stopping.abort();
      await term?.end();
      await within(lastWordsMs, teller.settled().then(told.emptied));
      told.close();
      retelling.stop();
      observer.stop();
      await candidacy?.stop();
      await Promise.all(stopParts.map((stop) => stop()));
      // The standby hears of it, and takes over.
      await session.send(xml('presence', { type: 'unavailable' })).catch((error: unknown) => {
        if (!isXmppError(error)) throw error;
      });
    },
  };
}

/** What runs while in office. */
interface Term {
  readonly signal: AbortSignal;
  /** What stood at the beginning has been read. */
  readonly ready: Promise<unknown>;
  end(): Promise<void>;
}
