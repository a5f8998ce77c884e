import { SYSTEM_NAMESPACE } from '@heavylift/jobs';
import { isXmppError, type Session, type SessionLog } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';

/** Which of the bot's sessions is the dispatcher in office. */
export interface DispatcherWatch {
  /** Its full JID. Waits for one. @throws the signal's reason, or what `refused` was told */
  whenThere(signal: AbortSignal): Promise<string>;
  stop(): void;
}

interface Waiter {
  resolve(jid: string): void;
  reject(reason: unknown): void;
}

/**
 * Follows the bot's presence (RFC 6121 section 3): that of a dispatcher in office says how the system stands. The subscription is asked
 * for on every fresh stream, and is granted to whoever may use the bot.
 */
export function watchDispatcher(
  session: Session,
  bot: string,
  options: {
    readonly sendsPresence: boolean;
    readonly refused: unknown;
    readonly log?: SessionLog;
  },
): DispatcherWatch {
  const { sendsPresence, refused, log } = options;
  /** Full JIDs of those that say they are in office, the latest last. */
  let inOffice: string[] = [];
  let waiters = new Set<Waiter>();

  function send(stanza: Element): void {
    session.send(stanza).catch((error: unknown) => {
      // The next stream brings another chance.
      if (!isXmppError(error, 'not-online', 'stopped'))
        log?.warn({ error }, 'presence could not be sent');
    });
  }

  function introduce(): void {
    if (sendsPresence) send(xml('presence'));
    send(xml('presence', { type: 'subscribe', to: bot }));
    // Of a subscription that there is already, nothing would come if our presence has been sent before.
    if (!sendsPresence) send(xml('presence', { type: 'probe', to: bot }));
  }

  function release(act: (waiter: Waiter) => void): void {
    const released = waiters;
    waiters = new Set();
    for (const waiter of released) act(waiter);
  }

  function onPresence({ attrs }: Element, system: Element | undefined): void {
    const from = String(attrs['from']);
    const [bare] = from.split('/', 1);
    if (bare !== bot) return;
    if (attrs['type'] === 'unsubscribed') release(({ reject }) => reject(refused));
    inOffice = inOffice.filter((jid) => jid !== from);
    if (attrs['type'] !== undefined || system === undefined) return;
    inOffice.push(from);
    release(({ resolve }) => resolve(from));
  }

  const unlisteners = [
    session.on('online', ({ resumed }) => {
      if (resumed) return;
      inOffice = [];
      introduce();
    }),
    session.on('stanza', (stanza) => {
      if (stanza.is('presence')) onPresence(stanza, stanza.getChild('system', SYSTEM_NAMESPACE));
    }),
  ];
  if (session.status === 'online') introduce();

  return {
    whenThere(signal) {
      const known = inOffice.at(-1);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const abort = (): void => waiter.reject(signal.reason);
        const leave = (): void => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', abort);
        };
        const waiter: Waiter = {
          resolve(jid) {
            leave();
            resolve(jid);
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
      for (const unlisten of unlisteners) unlisten();
    },
  };
}
