import xml, { type Element } from '@xmpp/xml';
import { hasCondition, isXmppError } from '../errors.js';
import { discoItems } from './disco.js';
import { NS_RSM } from './namespaces.js';
import { createPageSize, type PageSize } from './page-size.js';
import { requestSet, wholeNumber } from './paging.js';
import { attribute, childOf, childrenOf, childText, requiredChild } from './read-xml.js';
import { createTurns, sizeOfElement } from './turns.js';
import type { Item } from './types/event.js';
import type { PageOptions } from './types/node.js';
import type { RequestOptions } from './types/request.js';
import { pubsub, type Wire } from './wire.js';

type Decode<T> = (element: Element) => Item<T>[];

interface Reading {
  readonly wire: Wire;
  readonly node: string;
  readonly size: PageSize;
  readonly options: RequestOptions;
}

/**
 * All items of a node, in answers whose size is bounded whatever the node holds: by pages (XEP-0059), or, at a service that does not page
 * items, by their ids. A page that the connection did not survive makes the next reads ask for less.
 */
export async function* itemPages<T>(
  wire: Wire,
  node: string,
  decode: Decode<T>,
  { pageSize = 100, ...options }: PageOptions = {},
): AsyncGenerator<Item<T>[]> {
  wholeNumber(pageSize, 'pageSize');
  const size = createPageSize(Math.min(pageSize, wire.pageLimits.of(node)));
  const pause = createTurns();
  try {
    for await (const elements of elementPages({ wire, node, size, options })) {
      const items: Item<T>[] = [];
      for (const element of elements) {
        items.push(...decode(element));
        await pause();
      }
      yield items;
    }
  } catch (error) {
    if (isXmppError(error, 'disconnected', 'timeout')) wire.pageLimits.failed(node, size.next);
    throw error;
  }
  wire.pageLimits.succeeded(node);
}

async function* elementPages(reading: Reading): AsyncGenerator<Element[]> {
  const { wire, node, size, options } = reading;
  let after: string | undefined;
  let seen = 0;
  for (;;) {
    const asked = size.next;
    // A service that does not page would send the whole node, were it not for `max_items`; one that does ignores that.
    const bound = after === undefined ? { max_items: String(asked) } : {};
    const query = pubsub(xml('items', { node, ...bound }), requestSet(asked, after));
    const answer = await wire.get(query, options);
    const elements = itemElements(answer);
    size.received(elements.map(sizeOfElement));
    seen += elements.length;
    yield elements;
    const set = answer && childOf(answer, 'set', NS_RSM);
    if (set === undefined) {
      // Fewer than asked for are all; more, and the service knows no bounds.
      if (elements.length === asked) yield* pagesById(reading, elements);
      return;
    }
    const last = childText(set, 'last');
    // A service that ignores `<after/>` would have us read the same page for ever.
    if (last === undefined || last === after || elements.length === 0) return;
    // The first page may have been cut short by `max_items`, and counted so.
    const isCut = after === undefined && elements.length === asked;
    const count = Number(childText(set, 'count') ?? Number.POSITIVE_INFINITY);
    if (seen >= count && !isCut) return;
    after = last;
  }
}

/** What is left, by ids. Some services answer for the first id of several only: what did not come is asked for alone. */
async function* pagesById(
  { wire, node, size, options }: Reading,
  known: readonly Element[],
): AsyncGenerator<Element[]> {
  const seen = new Set(known.map((element) => attribute(element, 'id')));
  const left = (await itemIds(wire, node, options)).filter((id) => !seen.has(id));
  const alone: string[] = [];
  while (left.length > 0) {
    const ids = left.splice(0, size.next);
    const elements = await byIds(wire, node, ids, options);
    size.received(elements.map(sizeOfElement));
    const came = new Set(elements.map((element) => attribute(element, 'id')));
    alone.push(...ids.filter((id) => !came.has(id)));
    yield elements;
  }
  for (const id of alone) yield await byIds(wire, node, [id], options);
}

/** @returns none if the service says that one is gone */
async function byIds(
  wire: Wire,
  node: string,
  ids: readonly string[],
  options: RequestOptions,
): Promise<Element[]> {
  const wanted = ids.map((id) => xml('item', { id }));
  try {
    return itemElements(await wire.get(pubsub(xml('items', { node }, ...wanted)), options));
  } catch (error) {
    if (hasCondition(error, 'item-not-found')) return [];
    throw error;
  }
}

/** The ids of a node's items (XEP-0060 section 5.5). */
export async function itemIds(
  wire: Wire,
  node: string,
  options?: RequestOptions,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of discoItems(wire, wire.jid.toString(), { ...options, node })) {
    for (const { name } of page) if (name !== undefined) ids.push(name);
  }
  return ids;
}

export function itemElements(answer: Element | undefined): Element[] {
  return childrenOf(requiredChild(answer, 'items'), 'item');
}
