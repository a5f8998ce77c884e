import type { Element } from '@xmpp/xml';
import type { Jid } from '../../jid.js';
import type { NodeConfig } from './config.js';

/** How a value stands in an item. `decode(encode(x))` must give back x. */
export interface PayloadCodec<T> {
  encode(value: T): Element;
  /** Throws on whatever it does not know; the item then counts as malformed. */
  decode(payload: Element): T;
}

/** An item as a node holds it or an event brings it. */
export interface Item<T> {
  readonly id: string;
  readonly value: T;
  /** The publisher as the service names it, if the node is configured with `itemreply=publisher` (XEP-0060 section 7.1.2.3). */
  readonly publisher?: Jid;
}

interface EventBase {
  readonly node: string;
  /** When it happened, if it was delayed (XEP-0203). */
  readonly delayedSince?: Date;
  /** SubIDs from XEP-0131 headers (XEP-0060 section 7.1.2.4). */
  readonly subscriptionIds: readonly string[];
}

/** Items were published (XEP-0060 section 7.1.2). */
export interface PublishedEvent<T> extends EventBase {
  readonly type: 'published';
  readonly items: readonly Item<T>[];
  /** Ids of items that came without payload, as on a node with `deliverPayloads: false` (section 7.1.2.2). */
  readonly withoutPayload?: readonly string[];
}

/** Items are gone: retracted (section 7.2.2), or pushed out by newer ones. */
export interface RetractedEvent extends EventBase {
  readonly type: 'retracted';
  readonly ids: readonly string[];
}

/** All items are gone (section 8.5.2). */
export interface PurgedEvent extends EventBase {
  readonly type: 'purged';
}

/** The node is gone, and with it every subscription (section 8.4.2). */
export interface DeletedEvent extends EventBase {
  readonly type: 'deleted';
  /** URI of the node that takes its place. */
  readonly redirect?: string;
}

/** The node has a new configuration (section 8.2.5), told if the service tells it. */
export interface ConfiguredEvent extends EventBase {
  readonly type: 'configured';
  readonly config?: NodeConfig;
}

/** The state of a subscription changed (sections 8.6, 8.8.4 and 12.14). */
export interface SubscriptionEvent extends EventBase {
  readonly type: 'subscription';
  readonly jid: Jid;
  readonly state: SubscriptionState;
}

/** What a service tells its subscribers (XEP-0060 sections 7.1.2, 7.2.2, 8.2, 8.4, 8.5, 8.6). */
export type PubSubEvent<T> =
  | PublishedEvent<T>
  | RetractedEvent
  | PurgedEvent
  | DeletedEvent
  | ConfiguredEvent
  | SubscriptionEvent;

/** XEP-0060 section 4.2 */
export type SubscriptionState = 'none' | 'pending' | 'unconfigured' | 'subscribed';
/** XEP-0060 section 4.1 */
export type Affiliation = 'owner' | 'publisher' | 'publish-only' | 'member' | 'none' | 'outcast';

/** A subscription of somebody to a node. */
export interface Subscription {
  readonly node: string;
  readonly jid: Jid;
  readonly state: SubscriptionState;
  /** SubID, where one JID can have several subscriptions to a node. */
  readonly id?: string;
  /** The service wants options set before events flow (section 6.1.5). */
  readonly configurationRequired?: boolean;
}

/** What somebody may do at a node. */
export interface NodeAffiliation {
  readonly node: string;
  readonly jid: Jid;
  readonly affiliation: Affiliation;
}
