import { XmppError } from '@heavylift/xmpp-pubsub';
import type { Condition } from '../chat/answer.js';

/** The type of stanza error that goes with a condition. */
export const errorTypes = {
  forbidden: 'auth',
  'item-not-found': 'cancel',
  'bad-request': 'modify',
  'not-acceptable': 'modify',
  conflict: 'cancel',
  'resource-constraint': 'wait',
} as const satisfies Record<Condition, string>;

/** The stanza error that says no. */
export function errorOf(condition: Condition, text: string): XmppError {
  return stanzaError(errorTypes[condition], condition, text);
}

export function stanzaError(type: string, condition: string, text: string): XmppError {
  return new XmppError('stanza-error', text, { stanza: { type, condition, text } });
}
