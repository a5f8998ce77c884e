import { encodeBotMessage, LIFTER_NAMESPACE, lifterCodec } from '@heavylift/jobs';
import { keepPresence, type Lifecycle, type Logger, type Presence } from '@heavylift/service';
import {
  isXmppError,
  type PubSubService,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import { type JID, jid } from '@xmpp/jid';
import xml, { type Element } from '@xmpp/xml';
import { createConversation, type RunAnswer, type RunRequest } from './chat/conversation.js';
import { type ChatRequest, classifyMessage } from './chat/incoming.js';
import { texts } from './chat/texts.js';
import { systemPresence } from './presence/presence.js';
import { beginTerm, type Term, type TermOptions } from './term.js';

export interface DispatcherOptions extends Omit<TermOptions, 'onCounts' | 'bot'> {
  readonly session: Session;
  readonly pubsub: PubSubService;
  /** Bare JIDs. */
  readonly admins: readonly string[];
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  readonly log: Logger;
}

/** Messages that wait for a term to begin, at most; the rest is left unanswered, and its senders see that. */
const mostWaiting = 1_000;
const retryTermMs = 1_000;

/** Takes commands from chat users and gives the jobs to lifters: one term of office after the other. */
export function createDispatcher(options: DispatcherOptions): Lifecycle {
  const { session, lifters, admins, shutdown, log } = options;
  const lifterAccounts = new Set(lifters);
  let self: JID | undefined;
  let presence: Presence | undefined;
  let term: Term | undefined;
  let beginning: Promise<void> | undefined;
  let stopping = false;
  let unlisten: readonly Unlisten[] = [];
  const waiting: ChatRequest[] = [];

  const conversation = createConversation({
    isServed: (who) => jid(who).domain === self?.domain,
    isAdmin: (who) => admins.includes(who),
    specs: () => term?.specs ?? new Map(),
    run,
    say: (message) => session.send(encodeBotMessage(message)),
    shutdown,
  });

  async function run(request: RunRequest): Promise<RunAnswer> {
    if (term === undefined) return { kind: 'refused', text: texts.starting };
    return term.run(request);
  }

  async function begin(): Promise<void> {
    while (!stopping && session.status === 'online' && term === undefined) {
      try {
        term = await beginTerm({ ...options, bot: ownBare(), onCounts: () => presence?.changed() });
        presence?.changed();
        for (const request of waiting.splice(0)) answer(request);
      } catch (error) {
        log.warn({ err: error, retryInMs: retryTermMs }, 'could not take over, trying again');
        await new Promise((resolve) => setTimeout(resolve, retryTermMs));
      }
    }
  }

  /** At most one term at a time, and a new one only when the last has let go. */
  function beginAnew(): void {
    const previous = term;
    term = undefined;
    beginning = (beginning ?? Promise.resolve())
      .then(() => previous?.end(new Error('the connection broke')))
      .then(begin)
      .catch((error: unknown) => log.error({ err: error }, 'the term could not begin'));
  }

  function ownBare(): string {
    return self?.bare().toString() ?? '';
  }

  function answer(request: ChatRequest): void {
    conversation.handle(request).catch((error: unknown) => {
      log.warn({ err: error, from: request.from.toString() }, 'could not answer');
    });
  }

  function onMessage(stanza: Element, own: JID): void {
    const incoming = classifyMessage(stanza, own);
    if (incoming.kind === 'ignored') {
      log.debug({ why: incoming.why }, 'message ignored');
      return;
    }
    if (incoming.kind === 'encrypted')
      conversation.encrypted(incoming.request).catch(() => undefined);
    else if (term !== undefined) answer(incoming.request);
    else if (waiting.length < mostWaiting) waiting.push(incoming.request);
  }

  function onPresence(stanza: Element): void {
    const from = jid(String(stanza.attrs['from']));
    const type: unknown = stanza.attrs['type'];
    if (type === 'subscribe') {
      // The status line is for everybody of this server; nothing else is given away by it.
      if (from.domain === self?.domain) acknowledge(from, 'subscribed');
      return;
    }
    if (!lifterAccounts.has(from.bare().toString())) return;
    if (type === 'unavailable') term?.lifterLeft(from.toString());
    const announcement = stanza.getChild('lifter', LIFTER_NAMESPACE);
    if (type !== undefined || announcement === undefined) return;
    term?.lifterAnnounced(from.toString(), lifterCodec.decode(announcement));
  }

  function acknowledge(to: JID, type: string): void {
    session
      .send(xml('presence', { to: to.bare().toString(), type }))
      .catch((error: unknown) => log.debug({ err: error }, 'presence could not be sent'));
  }

  function onStanza(stanza: Element): void {
    if (self === undefined) return;
    try {
      if (stanza.is('message')) onMessage(stanza, self);
      else if (stanza.is('presence')) onPresence(stanza);
    } catch (error) {
      log.warn({ err: error, from: stanza.attrs['from'] }, 'a malformed stanza was ignored');
    }
  }

  return {
    name: 'dispatcher',
    startTimeoutMs: Number.POSITIVE_INFINITY,
    async start(signal) {
      self = session.jid;
      unlisten = [session.on('stanza', onStanza)];
      presence = keepPresence(session, {
        stanza: () => systemPresence(term?.counts()),
        onFailure: (error) => log.warn({ err: error }, 'presence could not be sent'),
      });
      unlisten = [
        ...unlisten,
        session.on('online', ({ resumed, jid: own }) => {
          self = own;
          if (!resumed) beginAnew();
        }),
      ];
      beginAnew();
      await Promise.race([
        beginning,
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ]);
    },
    async stop() {
      stopping = true;
      for (const off of unlisten) off();
      presence?.stop();
      await term?.end(new Error('the dispatcher is shutting down'));
      await beginning;
      await session
        .send(xml('presence', { type: 'unavailable' }, xml('status', {}, texts.down)))
        .catch((error: unknown) => {
          if (!isXmppError(error)) throw error;
        });
    },
  };
}
