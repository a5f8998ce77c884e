import { LIFTER_NAMESPACE, lifterCodec } from '@heavylift/jobs';
import { keepPresence, type Lifecycle, type Logger, type Presence } from '@heavylift/service';
import {
  isXmppError,
  type PubSubService,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import { type JID, jid } from '@xmpp/jid';
import xml, { type Element } from '@xmpp/xml';
import { servePeople } from './chat/people.js';
import { texts } from './chat/texts.js';
import { defaultPolicy, type PolicyFile } from './policy/read-policy.js';
import { systemPresence } from './presence/presence.js';
import { beginTerm, type Term, type TermOptions } from './term.js';

export interface DispatcherOptions extends Omit<TermOptions, 'onCounts' | 'bot'> {
  readonly session: Session;
  readonly pubsub: PubSubService;
  /** Bare JIDs, beside those that the policy names. */
  readonly admins: readonly string[];
  /** @default the server's own users may run commands */
  readonly policy?: PolicyFile;
  readonly version: string;
  /** A message that waited longer is asked about, not acted upon, in milliseconds. */
  readonly messageMaxAgeMs: number;
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  readonly log: Logger;
}

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

  const policy = options.policy ?? defaultPolicy;
  const people = servePeople({
    session,
    desk: () => term?.desk,
    policy: () => ({
      ...policy,
      administrators: [...admins, ...policy.administrators],
      domain: self?.domain ?? '',
    }),
    shutdown,
    version: options.version,
    maxAgeMs: options.messageMaxAgeMs,
    log,
  });

  async function begin(): Promise<void> {
    while (!stopping && session.status === 'online' && term === undefined) {
      try {
        term = await beginTerm({ ...options, bot: ownBare(), onCounts: () => presence?.changed() });
        presence?.changed();
        people.opened();
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

  function onPresence(stanza: Element, own: JID): void {
    people.presence(stanza, own);
    const from = jid(String(stanza.attrs['from']));
    const type: unknown = stanza.attrs['type'];
    if (!lifterAccounts.has(from.bare().toString())) return;
    if (type === 'unavailable') term?.lifterLeft(from.toString());
    const announcement = stanza.getChild('lifter', LIFTER_NAMESPACE);
    if (type !== undefined || announcement === undefined) return;
    term?.lifterAnnounced(from.toString(), lifterCodec.decode(announcement));
  }

  function onStanza(stanza: Element): void {
    if (self === undefined) return;
    try {
      if (stanza.is('message')) people.message(stanza, self);
      else if (stanza.is('presence')) onPresence(stanza, self);
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
        stanza: () => systemPresence(term?.desk.counts()),
        onFailure: (error) => log.warn({ err: error }, 'presence could not be sent'),
      });
      unlisten = [
        ...unlisten,
        session.on('online', ({ resumed, jid: own }) => {
          self = own;
          if (resumed) return;
          people.reconnected();
          beginAnew();
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
      people.stop();
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
