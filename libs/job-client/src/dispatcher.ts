import { mostOrders, SYSTEM_NAMESPACE } from '@heavylift/jobs';
import {
  accountOf,
  type BareJid,
  isXmppError,
  type Session,
  type SessionLog,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';

const NS_ROSTER = 'jabber:iq:roster';
/**
 * Time until a subscription is asked for again. What is asked while no dispatcher is there waits on the server, and ejabberd brings it only
 * to sessions whose first presence has no negative priority; that of a dispatcher has.
 */
const askAgainMs = 3_000;

/** The session of the bot that is the dispatcher in office. */
export interface InOffice {
  /** Full JID. */
  readonly jid: string;
  /** How many orders it takes in one request; 0: it takes none, only commands. */
  readonly orders: number;
}

export interface DispatcherWatch {
  /** Waits for one. @throws the signal's reason, or `refused` if the bot grants no subscription */
  whenThere(signal: AbortSignal): Promise<InOffice>;
  stop(): void;
}

export interface DispatcherWatchOptions {
  readonly session: Session;
  /** Bare JID. */
  readonly bot: BareJid;
  /** Whether to send the session's own presence, too. */
  readonly sendsPresence: boolean;
  readonly refused: Error;
  readonly log?: SessionLog;
}

interface Waiter {
  resolve(found: InOffice): void;
  reject(reason: unknown): void;
}

/**
 * Follows the bot's presence (RFC 6121 section 3): that of a dispatcher in office says how the system stands. The subscription is granted
 * to whoever may use the bot.
 */
export function watchDispatcher(options: DispatcherWatchOptions): DispatcherWatch {
  const { session, bot, sendsPresence, refused, log } = options;
  /** Those that say they are in office, the latest last. */
  let inOffice: InOffice[] = [];
  let waiters = new Set<Waiter>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRefused = false;
  /** What is taken back is answered by some servers as if it were refused. */
  let refusalsToIgnore = 0;

  /** What cannot be sent now is done when the next stream is there. */
  function noted(error: unknown): void {
    if (isXmppError(error, 'not-online', 'disconnected', 'stopped')) return;
    log?.warn({ error, bot }, "the bot's presence could not be asked for");
  }

  const send = (attrs: Readonly<Record<string, string>>): Promise<void> =>
    session.send(xml('presence', attrs)).catch(noted);

  async function introduce(): Promise<void> {
    if (sendsPresence) await send({});
    const payload = xml('query', { xmlns: NS_ROSTER });
    const roster = await session.request({ type: 'get', payload });
    const contact = roster?.getChildren('item').find(({ attrs }) => attrs['jid'] === bot);
    const isGranted = ['to', 'both'].includes(String(contact?.attrs['subscription']));
    if (!isGranted) await ask(contact?.attrs['ask'] === 'subscribe');
    // It has been told before we listened, if our presence was sent before.
    else if (!sendsPresence) await send({ type: 'probe', to: bot });
  }

  function begin(): void {
    clearTimeout(timer);
    introduce().catch((error: unknown) => {
      noted(error);
      if (session.status === 'online') timer = setTimeout(begin, askAgainMs);
    });
  }

  /** @param again the server has the question already: it has to be taken back first */
  async function ask(again: boolean): Promise<void> {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(true), askAgainMs);
    refusalsToIgnore = again ? 1 : 0;
    if (again) await send({ type: 'unsubscribe', to: bot });
    await send({ type: 'subscribe', to: bot });
  }

  function onRefusal(): void {
    if (refusalsToIgnore > 0) {
      refusalsToIgnore -= 1;
      return;
    }
    clearTimeout(timer);
    isRefused = true;
    release(({ reject }) => reject(refused));
  }

  function release(act: (waiter: Waiter) => void): void {
    const released = waiters;
    waiters = new Set();
    for (const waiter of released) act(waiter);
  }

  function onPresence(from: string, type: unknown, system: Element | undefined): void {
    if (type === 'subscribed') clearTimeout(timer);
    if (type === 'unsubscribed') onRefusal();
    inOffice = inOffice.filter(({ jid }) => jid !== from);
    if (type !== undefined || system === undefined) return;
    const found = { jid: from, orders: ordersIn(system) };
    inOffice.push(found);
    release(({ resolve }) => resolve(found));
  }

  const unlisteners = [
    session.on('online', ({ resumed }) => {
      if (resumed) return;
      inOffice = [];
      isRefused = false;
      begin();
    }),
    session.on('stanza', (stanza) => {
      const { from, type }: Record<string, unknown> = stanza.attrs;
      if (!stanza.is('presence') || typeof from !== 'string' || accountOf(from) !== bot) return;
      onPresence(from, type, stanza.getChild('system', SYSTEM_NAMESPACE));
    }),
  ];
  if (session.status === 'online') begin();

  return {
    whenThere(signal) {
      const known = inOffice.at(-1);
      if (known !== undefined) return Promise.resolve(known);
      if (isRefused) return Promise.reject(refused);
      return new Promise((resolve, reject) => {
        const abort = (): void => waiter.reject(signal.reason);
        const leave = (): void => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', abort);
        };
        const waiter: Waiter = {
          resolve(found) {
            leave();
            resolve(found);
          },
          reject(reason) {
            leave();
            reject(reason);
          },
        };
        waiters.add(waiter);
        signal.addEventListener('abort', abort, { once: true });
        if (signal.aborted) abort();
      });
    },
    stop() {
      clearTimeout(timer);
      for (const unlisten of unlisteners) unlisten();
    },
  };
}

function ordersIn({ attrs }: Element): number {
  const given = Number(attrs['orders'] ?? 0);
  return Number.isSafeInteger(given) ? Math.min(Math.max(given, 0), mostOrders) : 0;
}
