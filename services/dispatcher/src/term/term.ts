import {
  inOrderOfCounting,
  type JobId,
  type JobResult,
  type LifterAnnouncement,
  lateSheets,
  type Progress,
  type QueueOrder,
  requesterKey,
  type Sheet,
} from '@heavylift/jobs';
import {
  createOutbox,
  createSteadyClock,
  type Ignore,
  type Logger,
  type Office,
  replicateHandlers,
  type Tracing,
} from '@heavylift/service';
import type { Item, PubSubService, Replica, Session } from '@heavylift/xmpp-pubsub';
import type { Desk } from '../desk.js';
import { measureEntries, readNode } from '../ledger/read-node.js';
import { readWhole } from '../ledger/read-whole.js';
import { createLedgerWriter } from '../ledger/writer.js';
import type { DispatcherObserver } from '../metrics.js';
import { createScheduler } from '../scheduler/scheduler.js';
import { createSchedules } from '../schedules/schedules.js';
import { unsure } from '../unsure.js';
import type { Acceptances } from './acceptances.js';
import { createDesk, type DeskLimits, type OfficeDesk } from './desk.js';
import { createEndedBefore } from './ended-before.js';
import { createFailedJobs } from './failed-jobs.js';
import { createJobLog } from './job-log.js';
import { createLateSheets } from './late-sheets.js';
import { createGoneJobs, type Memory, newestEpoch, openRemembered } from './memory.js';
import { type Accounts, openNodes, trustIn } from './nodes.js';
import { runningLimits } from './running-limits.js';
import { createUpkeep } from './upkeep.js';

export interface TermOptions extends Accounts {
  readonly session: Session;
  readonly pubsub: PubSubService;
  readonly nodePrefix: string;
  readonly graceMs: number;
  readonly limits: DeskLimits;
  /** Jobs of one requester that may run at once. @default any number */
  readonly runningOfRequester?: number;
  /** Jobs that one lifter's account may have in hand, whatever it announces. @default any number */
  readonly slotsOfAccount?: number;
  /** In which waiting jobs are given to lifters. @default as the queue has it */
  readonly order?: QueueOrder;
  readonly timeZone: string;
  readonly missedRuns: 'skip' | 'once';
  /** Whether results say who asked. @default false */
  readonly namesRequester?: boolean;
  readonly onCounts: () => void;
  readonly observer: DispatcherObserver;
  readonly tracing: Tracing;
  readonly ignore: Ignore;
  readonly log: Logger;
}

/** What outlives a term. */
export interface Continuity {
  readonly memory: Memory;
  readonly acceptances: Acceptances;
}

/**
 * One term of office: from the reading of the nodes to the break of the connection, or to the stop. Whatever was not confirmed when it
 * ends is remembered, and written by the next term if that is this process's, too.
 */
export interface Term {
  readonly desk: Desk;
  lifterAnnounced(jid: string, announcement: LifterAnnouncement): void;
  lifterLeft(jid: string): void;
  /** Writes what is left to write, as far as that is possible, and ends. */
  end(reason: Error): Promise<void>;
}

const cancelGraceMs = 10_000;
const closeTimeoutMs = 2_000;

/**
 * Begins a term: reads the ledger, and takes over from where it stands. To be called when online, with presence sent.
 * @throws JobsError `stale-epoch` if the ledger shows a higher epoch than the office's
 */
export async function beginTerm(
  office: Pick<Office, 'epoch' | 'certify' | 'confirm' | 'signal'>,
  options: TermOptions,
  { memory, acceptances }: Continuity,
): Promise<Term> {
  const { session, pubsub, nodePrefix, graceMs, onCounts, observer, ignore, log } = options;
  const nodes = openNodes(pubsub, nodePrefix);
  const trusted = trustIn(options, ignore);
  const sheetItems = (read: readonly Item<Sheet>[]) =>
    trusted.jobs(read).map(({ id, value }) => ({ id, sheet: value }));
  const items = await readWhole({
    async read() {
      const sheets = sheetItems(await readNode(nodes.jobs, office.signal));
      await measureEntries(sheets);
      return sheets;
    },
    onIncomplete(missing, retryInMs) {
      if (retryInMs !== undefined)
        log.warn({ missing, retryInMs }, 'sheets are missing from the ledger, reading it again');
      else
        log.error(
          { missing },
          'sheets are missing from the ledger for good: their jobs are lost, but for what this process remembers',
        );
    },
    signal: office.signal,
  });
  const readSchedules = async () =>
    trusted.schedules(await readNode(nodes.schedules, office.signal)).map(({ value }) => value);
  const found = await readSchedules();
  memory.highestEpoch = Math.max(memory.highestEpoch, newestEpoch(items) ?? 0);
  const { ledger, isContinued, recalled, standing } = openRemembered(
    office.epoch,
    items,
    memory.ledger,
  );
  if (recalled > 0) log.warn({ recalled }, 'the service had lost jobs, or not yet confirmed them');
  const gone = createGoneJobs(isContinued ? memory.ledger?.gone : []);
  // What the node already held while the lock was ours was accepted; the rest is lost if another has led meanwhile.
  await office.confirm();
  if (isContinued) acceptances.confirmed(standing);
  else acceptances.found(standing);
  acceptances.abandon(
    unsure('another dispatcher took over before the ledger was known to have it'),
    (job) => isContinued && ledger.get(job) !== undefined,
  );
  const now = createSteadyClock();
  let ended: Error | undefined;
  let isOpened = false;
  /** The first sheet stands in the node: from now on lifters can have announced themselves, and it counts who has not. */
  let hasBegun = false;
  const isOpen = () => ended === undefined && session.status === 'online';

  const writer = createLedgerWriter(ledger, {
    node: nodes.jobs,
    async mayWrite() {
      if (ended !== undefined) throw ended;
      await office.certify();
    },
    isStillOurs: office.confirm,
    onWritten({ written }) {
      acceptances.confirmed(written);
      if (hasBegun || ended !== undefined) return;
      hasBegun = true;
      upkeep.begin();
    },
    onPublished: ({ jobs }, ms) => observer.sheetWritten(jobs.length, ms),
    onFailure(error, retryInMs) {
      if (ended === undefined)
        log.warn({ err: error, retryInMs }, 'the ledger could not be written');
    },
  });

  /** Resolves when the job, as it is now, stands in the node for whoever may lead next. */
  async function stands(job: JobId): Promise<void> {
    const entry = ledger.get(job);
    if (entry !== undefined && !writer.stands(job)) await acceptances.written(job, entry.revision);
  }

  const results = createOutbox<JobResult>({
    isOpen,
    publish: async (itemId, values) => {
      // Whoever leads when it arrives has to find in the ledger why the job ended.
      await Promise.all(values.map(({ job }) => stands(job)));
      await office.certify();
      await nodes.results.publish(values, { id: itemId });
      for (const { job } of values) scheduler.published(job);
    },
    sizeOf: (result) => 500 + JSON.stringify(result).length,
    onRetry: (error, values, retryInMs) =>
      log.warn({ err: error, count: values.length, retryInMs }, 'results could not be published'),
  });
  function publish(result: JobResult): void {
    const entry = options.namesRequester === true ? ledger.get(result.job) : undefined;
    results.add(entry ? { ...result, requester: requesterKey(entry.requester) } : result);
  }
  /** Failed jobs whose requesters know of it before the node has them. */
  const toldEarly = new Set<JobId>();
  /** Jobs of which the notifier has heard a result before we have. */
  const toldFirst = new Set<JobId>();
  const failed = createFailedJobs({
    node: nodes.failed,
    trusted: trusted.failed,
    isOpen,
    certify: office.certify,
    confirm: office.confirm,
    epoch: office.epoch,
    onStored(job) {
      if (toldEarly.delete(job)) scheduler.told(job);
    },
    onRetry: (error, retryInMs) =>
      log.warn({ err: error, retryInMs }, 'failed jobs could not be stored'),
  });
  const catalogue = replicateHandlers(nodes.handlers, trusted.handlers, (error) =>
    log.warn({ err: error, node: 'handlers' }, 'could not read the node'),
  );

  /** Of open jobs: how far they had come when their lifters last said so. */
  const progress = new Map<JobId, Progress>();
  const jobLog = createJobLog({ observer, ignore, log, now });
  memory.roster.reset();
  const scheduler = createScheduler({
    ledger,
    graceMs,
    cancelGraceMs,
    limits: () => runningLimits(catalogue.specs, options.runningOfRequester),
    ...(options.order !== undefined && { order: options.order }),
    ...(options.slotsOfAccount !== undefined && { slotsOfAccount: options.slotsOfAccount }),
    now,
    random: Math.random,
    history: memory.history,
    onChange() {
      if (isOpened) writer.kick();
      onCounts();
    },
    onEnd: publish,
    onOutcome(entry, result) {
      jobLog.ended(entry, result);
      if (toldFirst.delete(entry.id)) queueMicrotask(() => told(entry.id));
      const isWhole = entry.target.type !== 'child';
      if (result.status !== 'failed' || !isWhole) return;
      failed.add({ entry, error: result.error, finished: result.finished });
    },
    onGone(entry, result) {
      jobLog.gone(entry, result);
      progress.delete(entry.id);
      gone.add(entry.id);
      acceptances.gone(entry);
    },
    roster: memory.roster,
    ...jobLog,
  });

  const schedules = createSchedules({
    found,
    epoch: office.epoch,
    async store(schedule) {
      await office.certify();
      await nodes.schedules.publish(schedule, { id: String(schedule.number) });
      await office.confirm();
    },
    async discard(number) {
      await office.certify();
      await nodes.schedules.retract(String(number));
      await office.confirm();
    },
    submit: (schedule, job) => desk.runScheduled(schedule, job),
    missedRuns: options.missedRuns,
    now: Date.now,
    onNote: (details, message) => log.warn(details, message),
  });
  const endedBefore = createEndedBefore(Date.now);
  const desk: OfficeDesk = createDesk({
    specs: catalogue.specs,
    ledger,
    scheduler,
    history: memory.history,
    schedules,
    failed,
    acceptances,
    stands,
    progressOf: (job) => progress.get(job),
    lastSeen: memory.roster.lastSeen,
    endedBefore,
    observer,
    tracing: options.tracing,
    limits: options.limits,
    timeZone: options.timeZone,
    now,
    log,
  });

  function replicateResults(): Replica {
    const take = (items: readonly Item<readonly JobResult[]>[]) => {
      const all = inOrderOfCounting(trusted.results(items));
      // The whole before its parts: what became of it need not be made up from them again.
      for (const result of all) if (scheduler.isWhole(result.job)) scheduler.ended(result);
      for (const result of all) scheduler.ended(result);
      onCounts();
      return all;
    };
    return nodes.results.replicate({
      reset(items) {
        const found = take(items);
        if (!isOpened) for (const result of found) endedBefore.add(result);
      },
      event(event) {
        if (event.type === 'published') take(event.items);
      },
      failed: (error) => log.warn({ err: error, node: 'results' }, 'could not read the node'),
    });
  }

  /** A failed job is let go when it can be found elsewhere; any job only when we know, too, what was told of it. */
  function told(job: JobId): void {
    if (scheduler.isProposed(job)) toldFirst.add(job);
    else if (failed.isOnItsWay(job)) toldEarly.add(job);
    else scheduler.told(job);
  }

  function runs(lifter: string, job: JobId): boolean {
    const state = ledger.get(job)?.state;
    return state?.type === 'assigned' && state.lifter === lifter;
  }

  const unlisten = nodes.events.on((event) => {
    // What is said before the results are read is said again when the epoch begins.
    if (event.type !== 'published' || !isOpened) return;
    for (const { id, value, publisher } of trusted.events(event.items)) {
      const from = publisher?.toString() ?? '';
      const isNotifier = publisher?.bare === options.notifier;
      for (const said of value) {
        if ((said.type === 'told') !== isNotifier)
          ignore('events', 'untrusted', { id, publisher: from, type: said.type });
        else if (said.type === 'told') told(said.job);
        else if (said.type === 'attempt') scheduler.reported(said, from);
        else if (runs(from, said.job)) progress.set(said.job, said);
      }
    }
    onCounts();
  });
  const unwatch = observer.watch({
    jobs: () => ledger.entries(),
    endedAt: (job) => scheduler.outcome(job)?.finished,
    handlers: () => catalogue.specs.keys(),
    liftersOf: memory.roster.counts,
    lifters: () => scheduler.lifters(),
    now,
  });
  const takeInLate = createLateSheets({
    ...{ ledger, scheduler, endedBefore, log },
    history: memory.history,
  });
  const resultsReplica = replicateResults();
  const replicas = [catalogue.replica, resultsReplica];
  async function adoptLate(ids: readonly string[]): Promise<void> {
    const sheets = sheetItems(await nodes.jobs.items({ ids }));
    const taken = takeInLate(sheets);
    // They may be over: what their lifters said meanwhile was of jobs that nobody knew.
    if (taken.length > 0) await resultsReplica.refresh();
    await Promise.all(taken.map(stands));
    ledger.discard(sheets.map(({ id }) => id));
  }
  const upkeep = createUpkeep({
    ...{ session, scheduler, schedules, ledger, writer, graceMs, publish, onCounts, log },
    sheetIds: () => nodes.jobs.itemIds(),
    readSchedules,
    adoptLate,
  });

  async function end(reason: Error): Promise<void> {
    if (ended !== undefined) return;
    upkeep.end();
    unlisten();
    unwatch();
    if (session.status === 'online') await writer.close(closeTimeoutMs);
    ended = reason;
    const unpublished = results.close().length;
    if (unpublished > 0) log.warn({ unpublished }, 'results are left for the next term');
    failed.close();
    await writer.close(0);
    memory.ledger = {
      epoch: office.epoch,
      open: new Map([...ledger.entries()].map((entry) => [entry.id, entry])),
      gone: gone.ids(),
      lastNumber: ledger.lastNumber,
    };
    await Promise.all(replicas.map((replica) => replica.stop()));
  }

  const isOver = new Promise<never>((_, reject) => {
    office.signal.addEventListener('abort', () => reject(office.signal.reason), { once: true });
  });
  isOver.catch(() => undefined);
  const areReady = Promise.all(replicas.map((replica) => replica.ready));
  await Promise.race([areReady, isOver]).catch(async (error: unknown) => {
    await end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  takeInLate(lateSheets(items));
  isOpened = true;
  writer.kick();
  log.info({ epoch: office.epoch, open: ledger.size, sheets: ledger.sheets }, 'active');
  failed.load().catch((error: unknown) => {
    if (isOpen()) log.warn({ err: error, node: 'failed' }, 'could not read the node');
  });

  return {
    desk,
    lifterAnnounced(jid, announcement) {
      scheduler.announced(jid, announcement);
      onCounts();
    },
    lifterLeft(jid) {
      scheduler.left(jid);
      onCounts();
      // It may be there all the same: the server ends an old stream after a new one of the same full JID has begun.
      void upkeep.ask([jid]);
    },
    end,
  };
}
