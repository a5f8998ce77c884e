import type { Element } from '@xmpp/xml';
import type { Jid } from '../jid.js';
import { readJid } from '../jid.js';
import { attribute } from './read-xml.js';
import type { Item } from './types/event.js';

/** An `<item/>` as it stands: `value` is absent in a notification without payload. */
export interface RawItem {
  readonly id: string;
  readonly value: Element | undefined;
  readonly publisher: Jid | undefined;
}

/** @returns what is wrong, if it is no item */
export function readItem(item: Element): RawItem | string {
  const id = attribute(item, 'id');
  if (id === undefined) return 'an item has no id';
  const named = attribute(item, 'publisher');
  const publisher = named === undefined ? undefined : readJid(named);
  if (named !== undefined && publisher === undefined) return 'an item has no JID as publisher';
  for (const child of item.children) {
    if (typeof child === 'object') return { id, value: child, publisher };
  }
  return { id, value: undefined, publisher };
}

/** The item with its payload, unless it has none. */
export function withPayload({ id, value, publisher }: RawItem): Item<Element> | undefined {
  if (value === undefined) return undefined;
  return publisher === undefined ? { id, value } : { id, value, publisher };
}
