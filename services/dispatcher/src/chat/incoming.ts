import type { Requester } from '@heavylift/jobs';
import { type Jid, readJid } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';

export const CHAT_STATES = 'http://jabber.org/protocol/chatstates';

/** What somebody wrote to the bot, and all that an answer needs to find its way back. */
export interface ChatRequest {
  /** As stamped by the server, so it can't be forged. */
  readonly from: Jid;
  readonly messageId?: string;
  /** XEP-0359: stays the same when a client sends a message again. */
  readonly originId?: string;
  readonly thread?: string;
  readonly messageType: 'chat' | 'normal';
  readonly lang?: string;
  readonly text: string;
  /** When it was written, if it waited in offline storage (XEP-0203). */
  readonly writtenAt?: Date;
  /** The client asks to be told that the message has arrived (XEP-0184). */
  readonly wantsReceipt: boolean;
  /** The client understands chat states: it has sent one (XEP-0085 section 5.1). */
  readonly showsStates: boolean;
}

export type Incoming =
  | { readonly kind: 'request'; readonly request: ChatRequest }
  /** Nothing in it that we could read. */
  | { readonly kind: 'encrypted'; readonly request: ChatRequest }
  | { readonly kind: 'ignored'; readonly why: string };

const ignored = (why: string): Incoming => ({ kind: 'ignored', why });

/** Which of the stanzas that reach the bot are to be answered. Answering any other can start a loop between two bots. */
export function classifyMessage(stanza: Element, self: Jid): Incoming {
  if (!stanza.is('message')) return ignored('not a message');
  const type = stanza.attrs['type'] ?? 'normal';
  if (type !== 'chat' && type !== 'normal') return ignored(`type ${type}`);
  const from = readJid(stanza.attrs['from']);
  if (from === undefined) return ignored('no sender');
  if (from.bare === self.bare) return ignored('own echo');
  if (from.local === undefined) return ignored('from a server, not a person');
  const text = stanza.getChildText('body') ?? '';
  const encrypted = isEncrypted(stanza, text);
  if (isBlank(text) && !encrypted) return ignored('no body');
  const request: ChatRequest = {
    from,
    messageType: type,
    text,
    ...optional('messageId', stanza.attrs['id']),
    ...optional('originId', stanza.getChild('origin-id', 'urn:xmpp:sid:0')?.attrs['id']),
    ...optional('thread', stanza.getChildText('thread')),
    ...optional('lang', stanza.attrs['xml:lang']),
    ...writtenAt(stanza),
    wantsReceipt: stanza.getChild('request', 'urn:xmpp:receipts') !== undefined,
    showsStates: stanza.getChildByAttr('xmlns', CHAT_STATES) !== undefined,
  };
  return encrypted ? { kind: 'encrypted', request } : { kind: 'request', request };
}

/** Zero-width characters come along when people paste. */
function isBlank(text: string): boolean {
  return /^[\s\u200b-\u200d\u2060\ufeff]*$/u.test(text);
}

function isEncrypted(stanza: Element, text: string): boolean {
  return (
    stanza.getChild('encryption', 'urn:xmpp:eme:0') !== undefined ||
    // OMEMO without a payload only exchanges keys: there is nothing to read in it (XEP-0384).
    stanza.getChildren('encrypted').some((element) => element.getChild('payload') !== undefined) ||
    stanza.getChild('x', 'jabber:x:encrypted') !== undefined ||
    stanza.getChild('openpgp', 'urn:xmpp:openpgp:0') !== undefined ||
    text.startsWith('?OTR')
  );
}

function writtenAt(stanza: Element): { readonly writtenAt?: Date } {
  const stamp = stanza.getChild('delay', 'urn:xmpp:delay')?.attrs['stamp'];
  const date = new Date(stamp ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? {} : { writtenAt: date };
}

/** What the ledger keeps of it. */
export function requesterOf(request: ChatRequest): Requester {
  const { from, messageType, messageId, originId, thread, lang } = request;
  return {
    jid: from.toString(),
    messageType,
    ...optional('messageId', messageId),
    ...optional('originId', originId),
    ...optional('thread', thread),
    ...optional('lang', lang),
  };
}

function optional<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  const present: { [P in K]?: string } = {};
  if (typeof value === 'string' && value !== '') present[key] = value;
  return present;
}
