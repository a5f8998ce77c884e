/**
 * Who leads: a lock for each epoch, taken by making a node.
 *
 * What holds, whatever happens in between:
 *
 * 1. An epoch belongs to at most one candidate: its node is made once. The lock of the latest office is never deleted, so a lower number
 *    that somebody makes late gives no office: after making its lock, a candidate looks for a higher one.
 * 2. Who takes office has made sure that nobody else is in it: of the lock before, the server or its holder says so; where that is not
 *    known, it waits, with its own lock in place, for as long as anybody may rely on what he read before.
 * 3. Who is in office writes only while it is certain that its lock was the highest less than `certaintyMs` ago.
 * 4. An office ends with its stream. On the next stream the candidate stands again, for a new epoch.
 * 5. A candidate answers for an epoch from before its node can exist until the office is over, and never again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { accountOf } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { messageOf } from '../errors.js';
import { serviceMetrics } from '../metrics/catalogue.js';
import { noMetrics } from '../metrics/port.js';
import { createBell, pause } from './bell.js';
import { answerAsHolder, askHolder } from './holder.js';
import { hintFor, isRace, openLocks } from './locks.js';
import { LEADER_NAMESPACE, readEpoch, readLeaderMark } from './mark.js';
import { beginOffice, type OwnOffice } from './office.js';
import type { Candidacy, CandidacyOptions, Leader, LeadershipTimings } from './types.js';

const defaultTimings: LeadershipTimings = {
  checkEveryMs: 1_000,
  silentMs: 2_000,
  lastAskMs: 1_000,
  certaintyMs: 1_000,
  yieldMs: 5_500,
  recheckMs: 5_000,
  longestRetryMs: 5_000,
};
const shortestRetryMs = 250;
/** Who has resigned lets the others go first. */
const afterOfficeMs = 750;

/** One connection of the session, as long as it lasts. */
interface Stream {
  /** Own full JID. */
  readonly jid: string;
  /** By `performance.now()`: no lock whose holder is gone is taken over before. */
  readonly mayTakeFrom: number;
}

/** Stands for office; see {@link Candidacy}. Nothing is sent before the session is online. */
export function standForOffice(options: CandidacyOptions): Candidacy {
  const { session, pubsub, nodePrefix, role, log, metrics = noMetrics } = options;
  const timings = { ...defaultTimings, ...options.timings };
  const locks = openLocks(pubsub, nodePrefix, role, () => session.jid?.bare);
  const bell = createBell();
  const stopping = new AbortController();
  let stream: Stream | undefined;
  /** The epoch that is ours, or may become ours by a request under way. */
  let claim: number | undefined;
  let own: OwnOffice | undefined;
  /** Whose lock is being watched, and who is known to lead. */
  let watched: Leader | undefined;
  let leader: Leader | undefined;
  /** The highest epoch heard of, on whatever way: the service may forget, we do not. */
  let highestSeen = 0;
  /** Numbers in a row that turned out to be taken by other accounts. */
  let squatted = 0;
  /** Nobody is known to have led since we did. */
  let ledLast = false;
  let wasOnline = false;

  // --- What comes in -----------------------------------------------------------------------------

  function connected(jid: string): void {
    const mustYield = wasOnline && !ledLast;
    wasOnline = true;
    stream = { jid, mayTakeFrom: mustYield ? performance.now() + timings.yieldMs : 0 };
    bell.ring();
  }

  function disconnected(): void {
    stream = undefined;
    leader = undefined;
    own?.end('the connection broke');
    bell.ring();
  }

  const isCurrent = (mine: Stream) => !stopping.signal.aborted && stream === mine;

  /** Presence of the own account's other sessions: who leads there, and who no more. */
  function onStanza(stanza: Element): void {
    if (!stanza.is('presence') || stream === undefined) return;
    const full = String(stanza.attrs['from']);
    if (full === stream.jid || accountOf(full) !== accountOf(stream.jid)) return;
    const isAvailable = stanza.attrs['type'] === undefined;
    const marks = isAvailable ? stanza.getChildren('leader', LEADER_NAMESPACE) : [];
    const mark = marks.map(readLeaderMark).find((read) => read?.role === role);
    if (mark !== undefined) {
      highestSeen = Math.max(highestSeen, mark.epoch);
      if (own !== undefined && mark.epoch > own.office.epoch)
        own.end(`${full} leads in epoch ${mark.epoch}`);
    }
    const isNews = full === watched?.jid ? mark?.epoch !== watched.epoch : mark !== undefined;
    if (isNews) bell.ring();
  }

  // --- Standing by -------------------------------------------------------------------------------

  function standBy(top: Leader): void {
    ledLast = false;
    if (leader?.epoch === top.epoch && leader.jid === top.jid) return;
    leader = top;
    log.info({ role, leader: top.jid, epoch: top.epoch }, 'standing by');
    options.onStandby?.(top);
  }

  /** Waits until the lock can be taken over. `silent`: its holder may still think itself in office. */
  async function vacancy(top: Leader, mine: Stream): Promise<'vacant' | 'silent' | 'over'> {
    watched = top;
    const ask = (timeoutMs: number) =>
      askHolder(session, role, top, { timeoutMs, signal: bell.signal });
    while (isCurrent(mine)) {
      // From here on, so that no news between the answer and the wait is missed.
      const news = bell.signal;
      let state = await ask(timings.silentMs);
      if (state === 'silent') {
        // Was it the server? Once it answers us, the holder has to as well.
        await locks.epochs();
        state = await ask(timings.lastAskMs);
      }
      if (state === 'vacant' || state === 'silent') return state;
      if (state === 'holds') {
        standBy(top);
        await pause(timings.checkEveryMs, news);
      }
    }
    return 'over';
  }

  // --- Taking office -----------------------------------------------------------------------------

  /** Looks who leads, waits for the vacancy, tries to fill it, and holds the office until it is over. */
  async function stand(mine: Stream): Promise<void> {
    const top = await locks.highest();
    highestSeen = Math.max(highestSeen, top?.epoch ?? 0);
    const state = top === undefined ? 'vacant' : await vacancy(top, mine);
    if (state === 'over') return;
    const yieldMs = mine.mayTakeFrom - performance.now();
    if (yieldMs > 0) {
      log.debug({ role, yieldMs }, 'letting the former leader go first');
      return pause(yieldMs, bell.signal);
    }
    const known = highestSeen;
    const above = (await options.epochAbove?.()) ?? 0;
    // Whoever was elected meanwhile is not to be thrown out.
    if (!isCurrent(mine) || highestSeen > known) return;
    const epoch = nextEpoch(Math.max(highestSeen, above));
    claim = epoch;
    try {
      if (!(await locks.take(epoch, mine.jid))) return await outrun(epoch);
      const certainSince = await confirm(epoch, top?.epoch, state === 'silent');
      if (certainSince === undefined || !isCurrent(mine)) return;
      await lead(epoch, certainSince, mine);
    } finally {
      claim = undefined;
    }
  }

  function nextEpoch(highest: number): number {
    const epoch = highest + 1;
    if (readEpoch(String(epoch)) !== undefined) return epoch;
    const message = `there is no number above epoch ${highest}, which no count of elections reaches: delete the node ${locks.nameOf(highest)}`;
    throw new Error(message);
  }

  /** Somebody else has the lock. */
  async function outrun(epoch: number): Promise<void> {
    const [highest = 0] = await locks.epochs();
    if (highest >= epoch) return;
    squatted += 1;
    // Whoever squats on one number may squat on the next ones: farther each time, and not foreseeably.
    const passed = Math.floor(Math.random() * 2 ** Math.min(squatted - 1, 20));
    log.warn(
      { role, node: locks.nameOf(epoch), passed },
      'a lock that another account made: passing over its number',
    );
    highestSeen = Math.max(highestSeen, epoch + passed);
  }

  /** @returns since when it is certain that the office is ours; undefined if it is not */
  async function confirm(
    epoch: number,
    vacated: number | undefined,
    wasSilent: boolean,
  ): Promise<number | undefined> {
    let asked = performance.now();
    let found = await locks.epochs();
    // A lock that was not there when we looked: its holder may have been elected since.
    const isUnsure = wasSilent || found.some((other) => other < epoch && other !== vacated);
    if (found[0] === epoch && isUnsure) {
      await sleep(timings.certaintyMs);
      asked = performance.now();
      found = await locks.epochs();
    }
    if (found[0] === epoch) return asked;
    log.debug({ role, epoch, found }, 'somebody was elected to a higher epoch');
    await locks.remove(epoch);
    return undefined;
  }

  async function lead(epoch: number, certainSince: number, mine: Stream): Promise<void> {
    const begun = beginOffice({
      epoch,
      certainSince,
      certaintyMs: timings.certaintyMs,
      isHighest: async () => (await locks.epochs())[0] === epoch,
      onUncertain: (error) => log.warn({ err: error, role, epoch }, 'the lock could not be read'),
      onOver(reason) {
        own = undefined;
        claim = undefined;
        leader = undefined;
        log.info({ role, epoch, reason: reason.message }, 'out of office');
        options.onOver(begun.office, reason);
      },
    });
    const { office } = begun;
    own = begun;
    squatted = 0;
    leader = { jid: mine.jid, epoch };
    highestSeen = epoch;
    ledLast = true;
    log.info({ role, epoch }, 'in office');
    try {
      options.onElected(office);
      while (!office.signal.aborted) {
        await removeBelow(epoch);
        await pause(timings.recheckMs, office.signal);
        await office.certify();
      }
    } catch (error) {
      if (!office.signal.aborted) throw error;
    } finally {
      begun.end('the candidacy failed');
    }
    if (isCurrent(mine)) await pause(afterOfficeMs * (0.5 + Math.random()), stopping.signal);
  }

  /** Nobody can be in office by these any more. */
  async function removeBelow(epoch: number): Promise<void> {
    try {
      for (const other of await locks.epochs()) if (other < epoch) await locks.remove(other);
      const foreign = await locks.removeForeign();
      if (foreign.length > 0)
        log.warn({ role, foreign }, 'deleted locks that another account made: it can make nodes');
    } catch (error) {
      log.debug({ err: error, role }, 'old locks could not be removed, trying again');
    }
  }

  // --- For as long as it takes -------------------------------------------------------------------

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const mine = stream;
      if (mine === undefined) {
        await pause(timings.longestRetryMs, bell.signal);
        continue;
      }
      try {
        await stand(mine);
        failures = 0;
      } catch (error) {
        if (!isCurrent(mine)) continue;
        const bound = Math.min(timings.longestRetryMs, shortestRetryMs * 2 ** failures);
        const retryInMs = Math.round(bound * (0.5 + Math.random() / 2));
        failures += 1;
        report(error, failures, retryInMs);
        await pause(retryInMs, stopping.signal);
      }
    }
  }

  function report(error: unknown, failures: number, retryInMs: number): void {
    const details = { role, reason: messageOf(error), failures, retryInMs };
    if (isRace(error) && failures < 4) {
      log.debug(details, 'several stood for office at once, trying again');
      return;
    }
    const hint = hintFor(error, String(session.jid?.bare), pubsub);
    log.warn({ ...details, err: error, hint }, 'cannot stand for office, trying again');
  }

  const unlisten = [
    session.on('online', ({ jid }) => connected(jid.toString())),
    session.on('offline', disconnected),
    session.on('giving-up', disconnected),
    session.on('stanza', onStanza),
    answerAsHolder(session, role, (epoch) => claim === epoch),
    metrics.watch(serviceMetrics.leading, () => [
      { labels: { role }, value: own === undefined ? 0 : 1 },
    ]),
  ];
  if (session.status === 'online' && session.jid !== undefined) connected(session.jid.toString());
  const running = run();

  return {
    get office() {
      return own?.office;
    },
    get leader() {
      return leader;
    },
    async stop() {
      stopping.abort();
      own?.end('standing for office no more');
      for (const off of unlisten) off();
      bell.ring();
      await running;
    },
  };
}
