import type { Element } from '@xmpp/xml';
import type { IqRequest, Session, SessionEvents, SessionStatus } from '../../src/index.js';
import { parseJid } from '../../src/jid.js';

type Answer = (request: IqRequest) => Element | undefined | Promise<Element | undefined>;

type Listeners = { [E in keyof SessionEvents]: Set<(details: SessionEvents[E]) => void> };

/** A session that says what the test tells it to say: to provoke what no server does. */
export interface ScriptedSession extends Session {
  /** What was asked, in order. */
  readonly requests: IqRequest[];
  /** What was sent, in order. */
  readonly sent: Element[];
  /** How many listeners there are. */
  readonly listening: number;
  status: SessionStatus;
  emit<E extends keyof SessionEvents>(event: E, details: SessionEvents[E]): void;
}

export function scriptedSession(answer: Answer = () => undefined): ScriptedSession {
  const listeners: Listeners = {
    online: new Set(),
    offline: new Set(),
    'giving-up': new Set(),
    stanza: new Set(),
  };
  const jid = parseJid('me@example.org/here');
  const requests: IqRequest[] = [];
  const sent: Element[] = [];
  const send = async (stanza: Element) => {
    sent.push(stanza);
  };
  const session: ScriptedSession = {
    requests,
    sent,
    status: 'online',
    jid,
    get listening() {
      return Object.values(listeners).reduce((sum, { size }) => sum + size, 0);
    },
    start: async () => jid,
    stop: async () => undefined,
    on(event, listener) {
      listeners[event].add(listener);
      return () => {
        listeners[event].delete(listener);
      };
    },
    emit(event, details) {
      for (const listener of [...listeners[event]]) listener(details);
    },
    async request(request) {
      requests.push(request);
      return answer(request);
    },
    send,
    sendConfirmed: send,
    handle: () => () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return session;
}
