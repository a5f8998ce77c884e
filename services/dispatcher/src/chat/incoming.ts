import type { Requester } from '@heavylift/jobs';
import { type Jid, readJid } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { writtenIn } from './body.js';

export const CHAT_STATES = 'http://jabber.org/protocol/chatstates';
const NS_CORRECT = 'urn:xmpp:message-correct:0';

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
  /** When it was written, if it waited on the way (XEP-0203). */
  readonly writtenAt?: Date;
  /** It waited in our server's offline storage, be it for a moment. */
  readonly wasKept?: true;
  /** The id of the message that it corrects (XEP-0308). */
  readonly corrects?: string;
  /** The id of the message that it takes back (XEP-0424). There is no text then. */
  readonly retracts?: string;
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
  if (isReaction(stanza)) return ignored('a reaction');
  if (isInvitation(stanza)) return ignored('an invitation');
  const body = stanza.getChildText('body') ?? '';
  const encrypted = isEncrypted(stanza, body);
  const retracts = retractedId(stanza);
  const text = encrypted || retracts !== undefined ? '' : writtenIn(stanza, self.bare);
  if (isBlank(text) && !encrypted && retracts === undefined)
    return ignored(isBlank(body) ? 'no body' : 'nothing but a fallback');
  const request: ChatRequest = {
    from,
    messageType: type,
    text,
    ...optional('messageId', stanza.attrs['id']),
    ...optional('originId', stanza.getChild('origin-id', 'urn:xmpp:sid:0')?.attrs['id']),
    ...optional('thread', stanza.getChildText('thread')),
    ...optional('lang', stanza.attrs['xml:lang']),
    ...optional('corrects', stanza.getChild('replace', NS_CORRECT)?.attrs['id']),
    ...optional('retracts', retracts),
    ...delayOf(stanza, self),
    wantsReceipt: stanza.getChild('request', 'urn:xmpp:receipts') !== undefined,
    showsStates: stanza.getChildByAttr('xmlns', CHAT_STATES) !== undefined,
  };
  return encrypted ? { kind: 'encrypted', request } : { kind: 'request', request };
}

/** Zero-width characters come along when people paste. */
function isBlank(text: string): boolean {
  return /^[\s\u200b-\u200d\u2060\ufeff]*$/u.test(text);
}

function isReaction(stanza: Element): boolean {
  return stanza.getChild('reactions', 'urn:xmpp:reactions:0') !== undefined;
}

/** To a room (XEP-0249, XEP-0045), which some clients also put in words. */
function isInvitation(stanza: Element): boolean {
  const room = stanza.getChild('x', 'http://jabber.org/protocol/muc#user');
  return (
    stanza.getChild('x', 'jabber:x:conference') !== undefined ||
    room?.getChild('invite') !== undefined
  );
}

function retractedId(stanza: Element): string | undefined {
  const retract = stanza.getChild('retract', 'urn:xmpp:message-retract:1');
  const applied = stanza.getChild('apply-to', 'urn:xmpp:fasten:0');
  const isOld = applied?.getChild('retract', 'urn:xmpp:message-retract:0') !== undefined;
  const id: unknown = retract?.attrs['id'] ?? (isOld ? applied?.attrs['id'] : undefined);
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function isEncrypted(stanza: Element, body: string): boolean {
  const omemo = stanza.getChildren('encrypted');
  // OMEMO without a payload only exchanges keys: there is nothing to read in it (XEP-0384).
  if (omemo.length > 0) return omemo.some((element) => element.getChild('payload') !== undefined);
  return (
    stanza.getChild('encryption', 'urn:xmpp:eme:0') !== undefined ||
    stanza.getChild('x', 'jabber:x:encrypted') !== undefined ||
    stanza.getChild('openpgp', 'urn:xmpp:openpgp:0') !== undefined ||
    body.startsWith('?OTR')
  );
}

/**
 * What is known of its way here. Only our own server's word counts, and that of another session of ours that has forwarded it (which
 * earlier releases did not sign).
 */
function delayOf(stanza: Element, self: Jid): Pick<ChatRequest, 'writtenAt' | 'wasKept'> {
  const stamps = stanza.getChildren('delay', 'urn:xmpp:delay').flatMap(({ attrs }) => {
    const { from, stamp }: Record<string, unknown> = attrs;
    const at = new Date(typeof stamp === 'string' ? stamp : Number.NaN).getTime();
    const isOurs = from === undefined || from === self.domain || from === self.bare;
    return Number.isNaN(at) || !isOurs ? [] : [{ at, byServer: from === self.domain }];
  });
  if (stamps.length === 0) return {};
  const earliest = stamps.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  return {
    writtenAt: new Date(earliest),
    ...(stamps.some(({ byServer }) => byServer) && { wasKept: true as const }),
  };
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

/** Of ids, threads and languages, in characters: they are kept with each job. A longer one is left out. */
const longestToken = 1_024;

function optional<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  const present: { [P in K]?: string } = {};
  const isToken = typeof value === 'string' && value !== '' && value.length <= longestToken;
  if (isToken) present[key] = value;
  return present;
}
