import { encodeBotMessage, ORDERS_NAMESPACE } from '@heavylift/jobs';
import { type Logger, messageOf, obeyShutdownOrders } from '@heavylift/service';
import {
  type BareJid,
  isXmppError,
  type Jid,
  parseJid,
  type Session,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { createCommands, NS_COMMANDS } from '../adhoc/commands.js';
import { createCurious } from '../adhoc/curious.js';
import { createDisco, NS_DISCO_INFO, NS_DISCO_ITEMS } from '../adhoc/disco.js';
import { createOrders } from '../adhoc/orders.js';
import type { Desk } from '../desk.js';
import { decide, type Policy } from '../policy/policy.js';
import { createClients } from '../presence/clients.js';
import { createOthers } from '../presence/others.js';
import { createBuiltIns } from './built-in.js';
import { createComposing } from './composing.js';
import { createConversation } from './conversation.js';
import { createLimiter } from './limiter.js';
import { createReception } from './reception.js';

export interface PeopleOptions {
  readonly session: Session;
  /** The own bare JID. */
  readonly bot: BareJid;
  /** Undefined while this dispatcher is not in office. */
  readonly desk: () => Desk | undefined;
  readonly policy: () => Policy;
  /** Ends the whole service. */
  readonly shutdown: (reason: string) => void;
  readonly version: string;
  /** A message that waited longer is asked about, not acted upon, in milliseconds. */
  readonly maxAgeMs: number;
  /** Messages a second that each person may send, after twenty seconds' worth at once. */
  readonly messagesPerSecond: number;
  /** Somebody wanted a job that the policy does not let them have. */
  readonly onForbidden: () => void;
  /** A message that was taken waits after all: for the next term, or to be given to another dispatcher. */
  readonly onKept: () => void;
  readonly log: Logger;
}

/** All that has to do with people and the programs that ask like them: chat, forms, presence subscriptions. */
export interface People {
  /** To be given every message. */
  message(stanza: Element, self: Jid): void;
  /** To be given every presence. */
  presence(stanza: Element, self: Jid): void;
  /** A term has begun: what came before is answered now. */
  opened(): void;
  /** What came and was not answered, for another to answer. */
  takeWaiting(): readonly Element[];
  /** The session is new: what is known of others is not. */
  reconnected(): void;
  stop(): void;
}

/** A program that uses forms waits for each answer, so it may ask faster than a person types. */
const formsFaster = 200;
/** An order is one of many in a request. Open jobs are bounded, and turns keep others from waiting. */
const ordersFaster = 1_000;
/** Orders that may come at once: seconds worth of them. */
const ordersBurst = 2;
const programsRemembered = 10_000;

export function servePeople(options: PeopleOptions): People {
  const { session, desk, policy, shutdown, onForbidden, log } = options;
  const now = Date.now;
  const isServed = (who: string) => decide(policy(), who, { command: 'help' }).allowed;

  /** What nothing waits for. After a break nobody wants it any more. */
  function send(stanza: Element): void {
    session.send(stanza).catch((error: unknown) => {
      if (!isXmppError(error, 'not-online', 'disconnected', 'stopped'))
        log.debug({ err: error, to: stanza.attrs['to'] }, 'could not be sent');
    });
  }

  const onFailure = (error: unknown, from: string): void =>
    log.warn({ err: error, from }, 'could not answer');

  const others = createOthers({
    session,
    lifters: () =>
      desk()
        ?.lifters()
        .map((lifter) => lifter.jid) ?? [],
    onFailure: (to, error) => log.warn({ to, reason: messageOf(error) }, 'was not told to end'),
  });
  const builtIns = createBuiltIns({
    ...{ desk, policy, shutdown, now, version: options.version },
    shutdownOthers: (by) => others.shutdown(by),
  });
  const composing = createComposing({
    send,
    isOver: (number) => {
      const view = desk()?.job(number);
      return view === undefined || view.result !== undefined;
    },
  });
  const reception = createReception({
    conversation: createConversation({ desk, policy, builtIns, now, onForbidden }),
    isOpen: () => desk() !== undefined,
    isServed,
    say: (message) => session.send(encodeBotMessage(message)),
    send,
    clients: createClients(session),
    composing,
    now,
    maxAgeMs: options.maxAgeMs,
    messagesPerSecond: options.messagesPerSecond,
    onIgnored: (why) => log.debug({ why }, 'message ignored'),
    onFailure,
    onKept: options.onKept,
  });
  const limited = { senders: programsRemembered, now };
  const forms = formsFaster * options.messagesPerSecond;
  const ordered = ordersFaster * options.messagesPerSecond;
  const commands = createCommands({
    ...{ desk, policy, builtIns, now, onForbidden },
    limiter: createLimiter({ burst: forms, perSecond: forms, ...limited }),
  });
  const orders = createOrders({
    ...{ desk, policy, now, onForbidden, onFailure },
    limiter: createLimiter({ burst: ordersBurst * ordered, perSecond: ordered, ...limited }),
  });
  const disco = createDisco(commands, () => session.jid);
  const curious = createCurious(now);
  const introductions = createCurious(now);
  const unlisten: readonly Unlisten[] = [
    session.handle('get', 'query', NS_DISCO_INFO, curious.limited(disco.info)),
    session.handle('get', 'query', NS_DISCO_ITEMS, curious.limited(disco.items)),
    session.handle('set', 'command', NS_COMMANDS, commands.execute),
    session.handle('set', 'orders', ORDERS_NAMESPACE, orders.execute),
    obeyShutdownOrders(session, options.bot, shutdown),
  ];

  return {
    message: reception.message,
    presence(stanza, self) {
      others.presence(stanza, self);
      if (stanza.attrs['type'] !== 'subscribe') return;
      const to = parseJid(String(stanza.attrs['from'])).bare;
      if (!introductions.mayAsk(to)) return;
      // The status line is for those who are served. We need not see theirs.
      send(xml('presence', { to, type: isServed(to) ? 'subscribed' : 'unsubscribed' }));
    },
    opened: reception.opened,
    takeWaiting: reception.takeWaiting,
    reconnected: others.forget,
    stop() {
      for (const off of unlisten) off();
      composing.stop();
    },
  };
}
