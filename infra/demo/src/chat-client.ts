import { SYSTEM_NAMESPACE, systemCodec } from '@heavylift/jobs';
import {
  createSession,
  readJid,
  type Session,
  type SessionOptions,
  type Unlisten,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { type Heard, parseHeard } from './heard.js';

/** An ordinary user's chat with one contact. */
export interface ChatClient {
  readonly session: Session;
  /** @param id names the message, for the answer to refer to */
  say(id: string, text: string): Promise<void>;
  onHeard(listener: (message: Heard) => void): Unlisten;
  /** Resolves when the contact's presence says that so many lifters are there (RFC 6121 section 3.1: asks to see it). */
  lifters(count: number): Promise<void>;
}

/** @param contact bare JID of whom to talk to; what others say is not heard */
export function createChatClient(options: SessionOptions, contact: string): ChatClient {
  const session = createSession(options);
  const announce = (): void => {
    // If it cannot be sent the stream is lost again, and the next one brings another chance.
    session.send(xml('presence')).catch(() => undefined);
  };
  session.on('online', ({ resumed }) => {
    if (!resumed) announce();
  });
  let liftersThere = 0;
  const waiting = new Set<() => void>();
  session.on('stanza', (stanza) => {
    if (!stanza.is('presence') || !isFrom(stanza, contact)) return;
    const system = stanza.getChild('system', SYSTEM_NAMESPACE);
    if (system === undefined) return;
    liftersThere = systemCodec.decode(system).lifters;
    for (const look of waiting) look();
  });
  return {
    session,
    async lifters(count) {
      await session.send(xml('presence', { type: 'subscribe', to: contact }));
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (liftersThere < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    say: (id, text) =>
      session.send(xml('message', { type: 'chat', to: contact, id }, xml('body', {}, text))),
    onHeard: (listener) =>
      session.on('stanza', (stanza) => {
        if (!stanza.is('message') || !isFrom(stanza, contact)) return;
        const heard = parseHeard(stanza);
        if (heard !== undefined) listener(heard);
      }),
  };
}

function isFrom(stanza: Element, contact: string): boolean {
  const from: unknown = stanza.attrs['from'];
  return readJid(from)?.bare === contact;
}
