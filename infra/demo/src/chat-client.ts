import {
  createSession,
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
  return {
    session,
    say: (id, text) =>
      session.send(xml('message', { type: 'chat', to: contact, id }, xml('body', {}, text))),
    onHeard: (listener) =>
      session.on('stanza', (stanza) => {
        if (!isMessageFrom(stanza, contact)) return;
        const heard = parseHeard(stanza);
        if (heard !== undefined) listener(heard);
      }),
  };
}

function isMessageFrom(stanza: Element, contact: string): boolean {
  const from: unknown = stanza.attrs['from'];
  return stanza.is('message') && typeof from === 'string' && from.split('/', 1)[0] === contact;
}
