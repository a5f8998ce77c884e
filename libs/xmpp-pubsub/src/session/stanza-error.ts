import type { Element } from '@xmpp/xml';
import { type StanzaErrorDetails, XmppError } from '../errors.js';

const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
const NS_PUBSUB_ERRORS = 'http://jabber.org/protocol/pubsub#errors';

/** The defined condition and the text of an error element (RFC 6120 sections 4.9, 6.5 and 8.3). */
export function readCondition(
  error: Element,
  namespace: string,
): { readonly condition: string; readonly text: string | undefined } {
  const own = error.getChildElements().filter((child) => child.getNS() === namespace);
  const text = own.find((child) => child.getName() === 'text')?.getText();
  return {
    condition: own.find((child) => child.getName() !== 'text')?.getName() ?? 'undefined-condition',
    text: text === '' ? undefined : text,
  };
}

/** The error of a stanza of type `error`, as one to throw. */
export function toStanzaError(stanza: Element): XmppError {
  const error = stanza.getChild('error');
  const stanzaDetails = error === undefined ? undefined : readDetails(error);
  const details = stanzaDetails ?? { type: 'cancel', condition: 'undefined-condition' };
  const { condition, pubsubCondition, feature, text } = details;
  const specific = pubsubCondition === undefined ? '' : `, ${pubsubCondition}`;
  const missing = feature === undefined ? '' : ` ${feature}`;
  const words = text === undefined ? '' : `: ${text}`;
  const from: unknown = stanza.attrs['from'];
  return new XmppError(
    'stanza-error',
    `${typeof from === 'string' ? from : 'The server'} answered ${condition}${specific}${missing}${words}`,
    { stanza: details },
  );
}

function readDetails(error: Element): StanzaErrorDetails {
  const { condition, text } = readCondition(error, NS_STANZAS);
  const pubsub = error.getChildElements().find((child) => child.getNS() === NS_PUBSUB_ERRORS);
  const type: unknown = error.attrs['type'];
  const feature: unknown = pubsub?.attrs['feature'];
  return {
    type: typeof type === 'string' ? type : 'cancel',
    condition,
    ...(pubsub !== undefined && { pubsubCondition: pubsub.getName() }),
    ...(typeof feature === 'string' && { feature }),
    ...(text !== undefined && { text }),
  };
}
