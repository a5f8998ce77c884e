import { type JID, jid } from '@xmpp/jid';
import type { Element } from '@xmpp/xml';

/** What somebody wrote to the bot, and all that an answer needs to find its way back. */
export interface ChatRequest {
  /** As stamped by the server, so it can't be forged. */
  readonly from: JID;
  readonly messageId?: string;
  /** XEP-0359: stays the same when a client sends a message again. */
  readonly originId?: string;
  readonly thread?: string;
  readonly messageType: 'chat' | 'normal';
  readonly lang?: string;
  readonly text: string;
  /** When it was written, if it waited in offline storage (XEP-0203). */
  readonly writtenAt?: Date;
}

export type Incoming =
  | { readonly kind: 'request'; readonly request: ChatRequest }
  /** Nothing in it that we could read. */
  | { readonly kind: 'encrypted'; readonly request: ChatRequest }
  | { readonly kind: 'ignored'; readonly why: string };

const ignored = (why: string): Incoming => ({ kind: 'ignored', why });

/** Which of the stanzas that reach the bot are to be answered. Answering any other can start a loop between two bots. */
export function classifyMessage(stanza: Element, self: JID): Incoming {
  if (!stanza.is('message')) return ignored('not a message');
  const type = stanza.attrs['type'] ?? 'normal';
  if (type !== 'chat' && type !== 'normal') return ignored(`type ${type}`);
  const from = parseJid(stanza.attrs['from']);
  if (from === undefined) return ignored('no sender');
  if (from.bare().equals(self.bare())) return ignored('own echo');
  if (!from.getLocal()) return ignored('from a server, not a person');
  const text = stanza.getChildText('body');
  if (text === null || text.trim() === '') return ignored('no body');
  const request: ChatRequest = {
    from,
    messageType: type,
    text,
    ...optional('messageId', stanza.attrs['id']),
    ...optional('originId', stanza.getChild('origin-id', 'urn:xmpp:sid:0')?.attrs['id']),
    ...optional('thread', stanza.getChildText('thread')),
    ...optional('lang', stanza.attrs['xml:lang']),
    ...writtenAt(stanza),
  };
  return isEncrypted(stanza, text) ? { kind: 'encrypted', request } : { kind: 'request', request };
}

function isEncrypted(stanza: Element, text: string): boolean {
  return (
    stanza.getChild('encryption', 'urn:xmpp:eme:0') !== undefined ||
    stanza.getChild('encrypted') !== undefined ||
    text.startsWith('?OTR')
  );
}

function writtenAt(stanza: Element): { readonly writtenAt?: Date } {
  const stamp = stanza.getChild('delay', 'urn:xmpp:delay')?.attrs['stamp'];
  const date = new Date(stamp ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? {} : { writtenAt: date };
}

function parseJid(text: unknown): JID | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return jid(text);
  } catch {
    return undefined;
  }
}

function optional<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  const present: { [P in K]?: string } = {};
  if (typeof value === 'string' && value !== '') present[key] = value;
  return present;
}
