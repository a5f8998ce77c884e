import type { Element } from '@xmpp/xml';
import { readJid } from '../jid.js';
import { childForm } from './form.js';
import { NS_DELAY, NS_PUBSUB_EVENT, NS_SHIM } from './namespaces.js';
import { nodeConfig } from './node-config.js';
import { type RawItem, readItem, withPayload } from './read-item.js';
import { attribute, childElements, childOf, childrenOf, compact, toDate } from './read-xml.js';
import type { Item, PubSubEvent, SubscriptionState } from './types/event.js';

/** Says why a message is no event that XEP-0060 knows. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

const NO_IDS: readonly string[] = [];

/** The `<event/>` of a message, if it has one. */
export function eventElement(message: Element): Element | undefined {
  if (message.name !== 'message' || attribute(message, 'type') === 'error') return undefined;
  return childOf(message, 'event', NS_PUBSUB_EVENT);
}

/**
 * Reads the events of a message: usually one; two if a service tells of new and retracted items at once.
 * @throws MalformedEvent
 */
export function parseEvents(message: Element, event: Element): PubSubEvent<Element>[] {
  const [action, ...more] = childElements(event);
  if (action === undefined || more.length > 0) {
    throw new MalformedEvent('an event has to have exactly one child');
  }
  const about = circumstances(message, action);
  switch (action.getName()) {
    case 'items':
      return itemEvents(about, action);
    case 'purge':
      return [{ type: 'purged', ...about }];
    case 'delete':
      return [{ type: 'deleted', ...about, ...redirect(action) }];
    case 'configuration':
      return [{ type: 'configured', ...about, ...configuration(action) }];
    case 'subscription':
      return [{ type: 'subscription', ...about, ...subscription(action) }];
    default:
      throw new MalformedEvent(`<${action.name}/> is no kind of event we know`);
  }
}

interface Circumstances {
  readonly node: string;
  readonly subscriptionIds: readonly string[];
  readonly delayedSince?: Date;
}

function circumstances(message: Element, action: Element): Circumstances {
  const node = attribute(action, 'node');
  if (node === undefined) throw new MalformedEvent('an event names no node');
  const headers = childOf(message, 'headers', NS_SHIM);
  const subscriptionIds =
    headers === undefined
      ? NO_IDS
      : childrenOf(headers, 'header')
          .filter((header) => attribute(header, 'name') === 'SubID')
          .map((header) => header.getText());
  const delay = childOf(message, 'delay', NS_DELAY);
  if (delay === undefined) return { node, subscriptionIds };
  const delayedSince = toDate(attribute(delay, 'stamp') ?? '');
  if (delayedSince === undefined) throw new MalformedEvent('a delay has no date and time');
  return { node, subscriptionIds, delayedSince };
}

function itemEvents(about: Circumstances, action: Element): PubSubEvent<Element>[] {
  const published: Item<Element>[] = [];
  const withoutPayload: string[] = [];
  const ids: string[] = [];
  for (const child of action.children) {
    if (typeof child !== 'object') continue;
    const name = child.getName();
    if (name === 'item') {
      const raw = requireItem(child);
      const item = withPayload(raw);
      if (item === undefined) withoutPayload.push(raw.id);
      else published.push(item);
    } else if (name === 'retract') {
      const id = attribute(child, 'id');
      if (id === undefined) throw new MalformedEvent('a retraction has no item id');
      ids.push(id);
    } else {
      throw new MalformedEvent(`<${child.name}/> stands among items`);
    }
  }
  const events: PubSubEvent<Element>[] = [];
  if (withoutPayload.length > 0) {
    events.push({ type: 'published', ...about, items: published, withoutPayload });
  } else if (published.length > 0) {
    events.push({ type: 'published', ...about, items: published });
  }
  if (ids.length > 0) events.push({ type: 'retracted', ...about, ids });
  if (events.length === 0) throw new MalformedEvent('an event of items has none');
  return events;
}

function requireItem(element: Element): RawItem {
  const item = readItem(element);
  if (typeof item === 'string') throw new MalformedEvent(item);
  return item;
}

function redirect(action: Element) {
  const element = childOf(action, 'redirect');
  return compact({ redirect: element === undefined ? undefined : attribute(element, 'uri') });
}

function configuration(action: Element) {
  const form = childForm(action);
  return compact({ config: form === undefined ? undefined : nodeConfig.read(form) });
}

function subscription(action: Element) {
  const jid = readJid(attribute(action, 'jid') ?? '');
  const state = attribute(action, 'subscription');
  if (jid === undefined || !isSubscriptionState(state)) {
    throw new MalformedEvent('a change of subscription has no JID or no state');
  }
  return { jid, state };
}

export function isSubscriptionState(state: string | undefined): state is SubscriptionState {
  return (
    state === 'none' || state === 'pending' || state === 'unconfigured' || state === 'subscribed'
  );
}
