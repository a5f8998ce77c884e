import xml, { type Element } from '@xmpp/xml';
import { discoInfo } from './disco.js';
import { itemElements, itemIds, itemPages } from './item-pages.js';
import { FORM_META_DATA } from './namespaces.js';
import { nodeMetadata } from './node-config.js';
import { wholeNumber } from './paging.js';
import { readItem, withPayload } from './read-item.js';
import type { Item, PayloadCodec } from './types/event.js';
import type { PubSubNode } from './types/node.js';
import { pubsub, type Wire } from './wire.js';

/** Reading a node and what is said of it (XEP-0060 sections 5.3 to 5.5 and 6.5). */
export function reading<T>(
  wire: Wire,
  node: string,
  codec: PayloadCodec<T>,
): Pick<PubSubNode<T>, 'items' | 'pages' | 'itemIds' | 'info'> {
  const decode = (element: Element): Item<T>[] => {
    const raw = readItem(element);
    const item = typeof raw === 'string' ? undefined : withPayload(raw);
    if (item === undefined) {
      wire.refuse(node, typeof raw === 'string' ? raw : `item ${raw.id} has no payload`);
      return [];
    }
    const decoded = wire.decode(codec, node, item);
    return decoded === undefined ? [] : [decoded];
  };

  return {
    async items({ ids, max, ...options } = {}) {
      if (max !== undefined) wholeNumber(max, 'max');
      const wanted = (ids ?? []).map((id) => xml('item', { id }));
      const attributes = max === undefined ? { node } : { node, max_items: String(max) };
      const answer = await wire.get(pubsub(xml('items', attributes, ...wanted)), options);
      return itemElements(answer).flatMap(decode);
    },

    pages: (options) => itemPages(wire, node, decode, options),

    itemIds: (options) => itemIds(wire, node, options),

    async info(options) {
      const info = await discoInfo(wire, wire.jid.toString(), { ...options, node });
      const identity = info.identities.find(({ category }) => category === 'pubsub');
      const form = info.forms.find(({ formType }) => formType === FORM_META_DATA);
      return {
        ...info,
        kind: identity?.type === 'collection' ? 'collection' : 'leaf',
        metadata: form === undefined ? {} : nodeMetadata.read(form),
      };
    },
  };
}
