import type { Element } from '@xmpp/xml';
import { isXmppError } from '../errors.js';
import { accountOf, parseJid } from '../jid.js';
import type { IncomingIq, SessionLog, Unlisten } from './types.js';
import { boundUnknownIqs } from './unknown-iqs.js';
import { escapeAttribute, escapeText, serialise } from './xml-text.js';

const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

export type IqHandler = (iq: IncomingIq) => Promise<Element | undefined>;

export interface IncomingIqs {
  handle(type: 'get' | 'set', name: string, namespace: string, handler: IqHandler): Unlisten;
  /** An IQ of type `get` or `set` came in. Always ends in one answer. */
  received(stanza: Element, account: string): void;
}

export interface IncomingIqsContext {
  readonly log: SessionLog;
  readonly stanzaAttributes: string;
  /** Sends an answer. @throws XmppError */
  readonly reply: (xml: string) => void;
}

/** Answers what others ask of us (RFC 6120 section 8.2.3): every `get` and `set` gets exactly one answer. */
export function createIncomingIqs(context: IncomingIqsContext): IncomingIqs {
  const { log, stanzaAttributes } = context;
  const handlers = new Map<string, IqHandler>();
  const unknown = boundUnknownIqs();
  const key = (type: string, name: string, namespace: string | undefined) =>
    `${type} ${name} ${namespace}`;

  function answer(stanza: Element, type: 'result' | 'error', content: string): void {
    const attributes = { to: stanza.attrs['from'], id: stanza.attrs['id'] };
    const written = Object.entries(attributes)
      .map(([name, value]) =>
        typeof value === 'string' ? ` ${name}="${escapeAttribute(value)}"` : '',
      )
      .join('');
    try {
      context.reply(`<iq${stanzaAttributes} type="${type}"${written}>${content}</iq>`);
    } catch (error) {
      log.warn({ error, to: attributes.to }, 'could not answer an IQ');
      // What cannot be sent must not leave whoever asked without an answer.
      const isUnsendable = isXmppError(error, 'invalid-character', 'too-large');
      if (isUnsendable && type === 'result')
        answer(stanza, 'error', errorXml('cancel', 'internal-server-error'));
    }
  }

  async function respond(stanza: Element, account: string): Promise<void> {
    const { from, type }: Record<string, unknown> = stanza.attrs;
    const [payload, ...more] = stanza.getChildElements();
    if (payload === undefined || more.length > 0) {
      return answer(stanza, 'error', errorXml('modify', 'bad-request'));
    }
    const handler = handlers.get(key(String(type), payload.getName(), payload.getNS()));
    if (handler === undefined) {
      if (!unknown.mayAnswer(accountOf(typeof from === 'string' ? from : account))) return;
      return answer(stanza, 'error', errorXml('cancel', 'service-unavailable'));
    }
    try {
      // Without `from`, it is the own account that asks (RFC 6120 section 8.1.2.1).
      const sender = parseJid(typeof from === 'string' ? from : account);
      const result = await handler({ from: sender, payload });
      answer(stanza, 'result', result === undefined ? '' : serialise(result));
    } catch (error) {
      if (isXmppError(error) && error.stanza !== undefined) {
        const { type: errorType, condition, text } = error.stanza;
        return answer(stanza, 'error', errorXml(errorType, condition, text));
      }
      log.warn({ error, from, payload: payload.name }, 'an IQ handler threw');
      answer(stanza, 'error', errorXml('cancel', 'internal-server-error'));
    }
  }

  return {
    handle(type, name, namespace, handler) {
      const at = key(type, name, namespace);
      handlers.set(at, handler);
      return () => {
        if (handlers.get(at) === handler) handlers.delete(at);
      };
    },
    received(stanza, account) {
      respond(stanza, account).catch((error: unknown) => {
        log.warn({ error }, 'could not answer an IQ');
      });
    },
  };
}

function errorXml(type: string, condition: string, text?: string): string {
  const words = text === undefined ? '' : `<text xmlns="${NS_STANZAS}">${escapeText(text)}</text>`;
  return `<error type="${escapeAttribute(type)}"><${condition} xmlns="${NS_STANZAS}"/>${words}</error>`;
}
