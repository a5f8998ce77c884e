/**
 * Clients may lock on the resource that spoke last. Chat that reaches a session which only speaks, or stands by, is forwarded (XEP-0297)
 * to the account, where whoever is active has it, or offline storage.
 */
import { accountOf, type Session } from '@heavylift/xmpp-pubsub';
import xml, { Element } from '@xmpp/xml';

const NS_FORWARD = 'urn:xmpp:forward:0';
const NS_DELAY = 'urn:xmpp:delay';
const NS_CLIENT = 'jabber:client';

/**
 * Forwards a chat message that was meant for the account as a whole. The forwarding session has to have a negative priority, and its
 * presence to have said so before: else what it forwards may come back to it.
 * @returns false if it is nothing to be forwarded: no message with a body, an error, headline or room message, or from the own account, so
 * that nothing goes round in circles
 * @throws XmppError as `Session.sendConfirmed`
 */
export async function forwardToBare(session: Session, stanza: Element): Promise<boolean> {
  const own = session.jid?.bare;
  const from: unknown = stanza.attrs['from'];
  if (own === undefined || typeof from !== 'string' || accountOf(from) === own) return false;
  if (!stanza.is('message') || stanza.getChildText('body') === null) return false;
  const type: unknown = stanza.attrs['type'] ?? 'normal';
  if (type !== 'chat' && type !== 'normal') return false;
  const inner = copyOf(stanza);
  inner.attrs['xmlns'] = NS_CLIENT;
  const stamp = new Date().toISOString();
  const forwarded = xml(
    'forwarded',
    { xmlns: NS_FORWARD },
    xml('delay', { xmlns: NS_DELAY, from: own, stamp }),
    inner,
  );
  await session.sendConfirmed(xml('message', { to: own, type: 'chat' }, forwarded));
  return true;
}

/**
 * The message inside, as if it had come by itself: with its own sender, id, type and thread, and the time of its arrival (XEP-0203) unless
 * it has one. Accepted only from the own account: anybody else could put words into others' mouths.
 * @returns undefined if the stanza forwards nothing, or not from ourselves
 */
export function unwrapForwarded(stanza: Element, ownBareJid: string): Element | undefined {
  const from: unknown = stanza.attrs['from'];
  if (typeof from !== 'string' || accountOf(from) !== ownBareJid) return undefined;
  const forwarded = stanza.getChild('forwarded', NS_FORWARD);
  const inner = forwarded?.getChild('message');
  if (forwarded === undefined || inner === undefined || !stanza.is('message')) return undefined;
  const message = copyOf(inner);
  const delay = forwarded.getChild('delay', NS_DELAY);
  if (delay !== undefined && message.getChild('delay', NS_DELAY) === undefined) {
    message.append(copyOf(delay));
  }
  // The server's own word that it kept the message, before it came to us.
  for (const kept of stanza.getChildren('delay', NS_DELAY)) message.append(copyOf(kept));
  return message;
}

/** Of its own, so that neither stanza is a part of the other. */
function copyOf(element: Element): Element {
  const copy = new Element(element.name, { ...element.attrs });
  for (const child of element.children) {
    if (typeof child === 'string') copy.t(child);
    else copy.cnode(copyOf(child));
  }
  return copy;
}
