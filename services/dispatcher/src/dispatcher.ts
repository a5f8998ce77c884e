import { LIFTER_NAMESPACE, lifterCodec } from '@heavylift/jobs';
import {
  availability,
  type Candidacy,
  forwardToBare,
  ignoring,
  keepPresence,
  type Lifecycle,
  type Logger,
  leaderMark,
  type Metrics,
  noMetrics,
  noTracing,
  type Office,
  type Presence,
  standForOffice,
  type Tracing,
  unwrapForwarded,
} from '@heavylift/service';
import {
  type BareJid,
  isXmppError,
  type Jid,
  parseJid,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { type People, servePeople } from './chat/people.js';
import { texts } from './chat/texts.js';
import { observeDispatcher } from './metrics.js';
import { defaultPolicy, type PolicyFile } from './policy/read-policy.js';
import { systemPresence } from './presence/presence.js';
import { createAcceptances } from './term/acceptances.js';
import { createMemory, isStaleEpoch } from './term/memory.js';
import { beginTerm, type Term, type TermOptions } from './term/term.js';
import { unsure } from './unsure.js';

export interface DispatcherOptions
  extends Omit<TermOptions, 'onCounts' | 'observer' | 'tracing' | 'ignore' | 'bot'> {
  readonly session: Session;
  /** Bare JIDs, beside those that the policy names. */
  readonly admins: readonly BareJid[];
  /** @default the server's own users may run commands */
  readonly policy?: PolicyFile;
  readonly version: string;
  /** A message that waited longer is asked about, not acted upon, in milliseconds. */
  readonly messageMaxAgeMs: number;
  /** Messages a second that each person may send, after a few at once. */
  readonly messagesPerSecond: number;
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  /** @default nobody counts */
  readonly metrics?: Metrics;
  /** @default nobody wants to know */
  readonly tracing?: Tracing;
  readonly log: Logger;
}

/** Chat to the bare JID never reaches a session of negative priority (RFC 6121 section 8.5.2). */
const standbyPriority = -1;
const retryTermMs = 1_000;

/**
 * Takes commands from people and programs and gives the jobs to lifters, while in office; stands by while another dispatcher is.
 */
export function createDispatcher(options: DispatcherOptions): Lifecycle {
  const { session, pubsub, nodePrefix, lifters, admins, policy = defaultPolicy, log } = options;
  const { metrics = noMetrics, tracing = noTracing } = options;
  const observer = observeDispatcher(metrics);
  const ignore = ignoring(metrics, log);
  const lifterAccounts = new Set(lifters);
  const continuity = { memory: createMemory(log), acceptances: createAcceptances() };
  let self: Jid | undefined;
  let presence: Presence | undefined;
  let candidacy: Candidacy | undefined;
  let term: Term | undefined;
  let people: People | undefined;
  /** One term at a time: each step waits for the one before. */
  let steps: Promise<void> = Promise.resolve();
  let stopping = false;
  let unlisten: readonly Unlisten[] = [];

  function ownBare(): BareJid {
    if (self === undefined) throw new Error('the session has not been online yet');
    return self.bare;
  }

  function presenceNow(): Element {
    const office = candidacy?.office;
    if (office === undefined || stopping) return availability(standbyPriority, texts.standingBy);
    const stanza = systemPresence(term?.desk.counts());
    for (const mark of leaderMark('dispatcher', office)) stanza.append(mark);
    return stanza;
  }

  function next(step: () => Promise<void>): Promise<void> {
    steps = steps.then(step).catch((error: unknown) => {
      log.error({ err: error }, 'a term could not begin or end as it should');
    });
    return steps;
  }

  async function begin(office: Office): Promise<void> {
    while (!office.signal.aborted && !stopping) {
      try {
        // Events reach this session only once its priority says so: before anything is read.
        await session.send(presenceNow());
        const onCounts = () => presence?.changed();
        term = await beginTerm(
          office,
          { ...options, bot: ownBare(), onCounts, observer, tracing, ignore },
          continuity,
        );
        presence?.changed();
        if (!office.signal.aborted) people?.opened();
        return;
      } catch (error) {
        if (office.signal.aborted) return;
        if (isStaleEpoch(error)) {
          office.resign('the ledger shows a higher epoch');
          return;
        }
        log.warn({ err: error, retryInMs: retryTermMs }, 'could not take over, trying again');
        await new Promise((resolve) => setTimeout(resolve, retryTermMs));
      }
    }
  }

  async function endTerm(reason: Error): Promise<void> {
    const ending = term;
    term = undefined;
    await ending?.end(reason);
    presence?.changed();
  }

  /** It is meant for whoever leads, or will: offline storage has it until then. */
  function forward(stanza: Element): void {
    forwardToBare(session, stanza).catch((error: unknown) => {
      log.warn({ err: error, from: stanza.attrs['from'] }, 'a message could not be forwarded');
    });
  }

  const isAnothers = () =>
    stopping || (candidacy?.office === undefined && candidacy?.leader !== undefined);

  /** Gives all that waits to another dispatcher, or to offline storage. */
  function handOver(): void {
    for (const stanza of people?.takeWaiting() ?? []) forward(stanza);
  }

  /** Whether messages that had been taken were obeyed, another dispatcher may know, or the next term. */
  function answerKept(): void {
    if (isAnothers()) handOver();
    else if (term !== undefined && candidacy?.office !== undefined) people?.opened();
  }

  function onMessage(stanza: Element, own: Jid): void {
    if (isAnothers()) forward(stanza);
    else people?.message(unwrapForwarded(stanza, ownBare()) ?? stanza, own);
  }

  /**
   * A server tells who asked meanwhile to see the bot's presence only a session whose first presence has no negative priority. Should chat
   * come in the moment before the session stands by, it is forwarded.
   */
  function greet(): void {
    session.send(availability(0, texts.startingStatus)).catch((error: unknown) => {
      log.debug({ err: error }, 'presence could not be sent');
    });
  }

  function onPresence(stanza: Element, own: Jid): void {
    people?.presence(stanza, own);
    const from = parseJid(String(stanza.attrs['from']));
    const type: unknown = stanza.attrs['type'];
    const announcement = stanza.getChild('lifter', LIFTER_NAMESPACE);
    if (!lifterAccounts.has(from.bare)) {
      if (announcement !== undefined) ignore('presence', 'untrusted', { from: from.toString() });
      return;
    }
    if (type === 'unavailable') term?.lifterLeft(from.toString());
    if (type !== undefined || announcement === undefined) return;
    term?.lifterAnnounced(from.toString(), lifterCodec.decode(announcement));
  }

  function onStanza(stanza: Element): void {
    if (self === undefined) return;
    try {
      if (stanza.is('message')) onMessage(stanza, self);
      else if (stanza.is('presence')) onPresence(stanza, self);
    } catch (error) {
      ignore(stanza.name, 'malformed', { err: error, from: stanza.attrs['from'] });
    }
  }

  /** Resolves when it is in office and at work, or stands by. */
  function stand(): Promise<void> {
    return new Promise((resolve) => {
      candidacy = standForOffice({
        ...{ session, pubsub, nodePrefix, metrics, log },
        role: 'dispatcher',
        epochAbove: () => continuity.memory.highestEpoch,
        onElected: (office) => void next(() => begin(office)).then(resolve),
        onOver: (_office, reason) => void next(() => endTerm(reason)),
        onStandby: () => {
          continuity.acceptances.abandon(unsure('another dispatcher took over'));
          presence?.changed();
          handOver();
          resolve();
        },
      });
    });
  }

  return {
    name: 'dispatcher',
    startTimeoutMs: Number.POSITIVE_INFINITY,
    async start(signal) {
      self = session.jid;
      const everyRule = {
        ...policy,
        administrators: [...admins, ...policy.administrators],
        domain: self?.domain ?? '',
      };
      people = servePeople({
        ...{ session, log, shutdown: options.shutdown, version: options.version },
        bot: ownBare(),
        desk: () => term?.desk,
        policy: () => everyRule,
        maxAgeMs: options.messageMaxAgeMs,
        messagesPerSecond: options.messagesPerSecond,
        onForbidden: () => observer.refused('forbidden'),
        onKept: () => setImmediate(answerKept),
      });
      unlisten = [
        session.on('stanza', onStanza),
        session.on('online', ({ resumed }) => {
          if (!resumed) greet();
        }),
      ];
      greet();
      presence = keepPresence(session, {
        stanza: presenceNow,
        onFailure: (error) => log.warn({ err: error }, 'presence could not be sent'),
      });
      unlisten = [
        ...unlisten,
        session.on('online', ({ resumed, jid: own }) => {
          self = own;
          if (!resumed) people?.reconnected();
        }),
      ];
      await Promise.race([
        stand(),
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ]);
    },
    async stop() {
      stopping = true;
      // From here on chat goes to another dispatcher, or waits for one.
      await session.send(presenceNow()).catch((error: unknown) => {
        log.debug({ err: error }, 'presence could not be sent');
      });
      handOver();
      const reason = unsure('the dispatcher is shutting down');
      await next(() => endTerm(reason));
      for (const off of unlisten) off();
      people?.stop();
      presence?.stop();
      await candidacy?.stop();
      await steps;
      continuity.acceptances.abandon(reason);
      // Whoever waited in vain is kept first, and handed over then.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await session
        .send(xml('presence', { type: 'unavailable' }, xml('status', {}, texts.down)))
        .catch((error: unknown) => {
          if (!isXmppError(error)) throw error;
        });
    },
  };
}
