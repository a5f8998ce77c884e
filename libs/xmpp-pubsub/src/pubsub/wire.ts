import xml, { type Element } from '@xmpp/xml';
import type { Jid } from '../jid.js';
import type { IqRequest, Session, SessionLog } from '../session/types.js';
import { NS_PUBSUB, NS_PUBSUB_OWNER } from './namespaces.js';
import { createPageLimits, type PageLimits } from './page-size.js';
import type { Item, PayloadCodec } from './types/event.js';
import type { RequestOptions } from './types/request.js';
import type { Ignored, PubSubServiceOptions } from './types/service.js';

/** What the parts of a service share: the way to it, and where to complain. */
export interface Wire {
  readonly session: Session;
  readonly jid: Jid;
  readonly log: SessionLog | undefined;
  readonly onIgnored: (ignored: Ignored) => void;
  get(payload: Element, options?: RequestOptions): Promise<Element | undefined>;
  set(payload: Element, options?: RequestOptions): Promise<Element | undefined>;
  /** Decodes an item's payload; counts and logs what the codec refuses. */
  decode<T>(codec: PayloadCodec<T>, node: string, item: Item<Element>): Item<T> | undefined;
  /** Counts and logs an item that is none. */
  refuse(node: string, reason: string): void;
  readonly malformedItems: number;
  /** How large pages of items may be, by what reading them has shown so far. */
  readonly pageLimits: PageLimits;
}

export function createWire(
  session: Session,
  jid: Jid,
  { log, onIgnored = () => undefined }: Pick<PubSubServiceOptions, 'log' | 'onIgnored'>,
): Wire {
  const to = jid.toString();
  let malformedItems = 0;

  const request = (type: IqRequest['type'], payload: Element, options?: RequestOptions) =>
    session.request(
      options === undefined ? { type, to, payload } : { type, to, payload, ...timing(options) },
    );

  return {
    session,
    jid,
    log,
    onIgnored,
    pageLimits: createPageLimits(),
    get: (payload, options) => request('get', payload, options),
    set: (payload, options) => request('set', payload, options),
    decode(codec, node, item) {
      try {
        const value = codec.decode(item.value);
        return item.publisher === undefined
          ? { id: item.id, value }
          : { id: item.id, value, publisher: item.publisher };
      } catch (error) {
        malformedItems += 1;
        log?.warn({ err: error, node, item: item.id }, 'an item has a payload its codec refuses');
        onIgnored({ reason: 'malformed-item', node });
        return undefined;
      }
    },
    refuse(node, reason) {
      malformedItems += 1;
      log?.warn({ node, reason }, 'an item was left out');
      onIgnored({ reason: 'malformed-item', node });
    },
    get malformedItems() {
      return malformedItems;
    },
  };
}

export function timing({ signal, timeoutMs }: RequestOptions): RequestOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

export const pubsub = (...children: Element[]): Element =>
  xml('pubsub', { xmlns: NS_PUBSUB }, ...children);

export const pubsubOwner = (...children: Element[]): Element =>
  xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, ...children);
