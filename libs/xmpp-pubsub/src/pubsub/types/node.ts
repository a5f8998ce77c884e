import type { Element } from '@xmpp/xml';
import type { Unlisten } from '../../session/types.js';
import type { NodeConfig, NodeMetadata, SubscriptionOptions } from './config.js';
import type { DiscoInfo } from './disco.js';
import type {
  Affiliation,
  Item,
  NodeAffiliation,
  PubSubEvent,
  Subscription,
  SubscriptionState,
} from './event.js';
import type { Replica, ReplicaObserver, ReplicaOptions } from './replica.js';
import type { RequestOptions } from './request.js';

export interface PublishOptions extends RequestOptions {
  /** Without it, the service makes one up. */
  readonly id?: string;
  /** Preconditions, or the configuration of a node made by this publish (XEP-0060 section 7.1.5). */
  readonly preconditions?: NodeConfig;
}

export interface PublishAllOptions extends RequestOptions {
  /** Publishes under way at a time. @default 16 */
  readonly inFlight?: number;
  /** As of {@link PublishOptions}, for each. */
  readonly preconditions?: NodeConfig;
}

export interface RetractOptions extends RequestOptions {
  /** Whether subscribers shall hear of it. @default true */
  readonly notify?: boolean;
}

export interface ReadOptions extends RequestOptions {
  /** Only items with these ids. */
  readonly ids?: readonly string[];
  /** Only the newest so many. */
  readonly max?: number;
}

export interface PageOptions extends RequestOptions {
  /** Entries asked for at once, at most: large items are asked for fewer at a time. @default 100 */
  readonly pageSize?: number;
}

export interface SubscriberOptions extends RequestOptions {
  /** Whose subscription. @default the own bare JID */
  readonly jid?: string;
  /** The SubID, where the JID has several subscriptions to the node. */
  readonly subscriptionId?: string;
}

export interface SubscribeOptions extends RequestOptions {
  /** Whom to subscribe. @default the own bare JID */
  readonly jid?: string;
  /** Options set along with it (XEP-0060 section 6.3.7). */
  readonly options?: SubscriptionOptions;
}

export interface EventIteratorOptions {
  /** Events kept for a consumer that is behind; one more ends the iteration with `slow-consumer`. @default 1_024 */
  readonly maxBuffered?: number;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
}

/** A change of somebody's subscription by an owner (XEP-0060 section 8.8.2). */
export interface SubscriptionChange {
  readonly jid: string;
  readonly state: SubscriptionState;
  readonly id?: string;
}

/** A change of somebody's affiliation by an owner (XEP-0060 section 8.9.2). */
export interface AffiliationChange {
  readonly jid: string;
  readonly affiliation: Affiliation;
}

/** What a service says of a node (XEP-0060 sections 5.3 and 5.4). */
export interface NodeInfo extends DiscoInfo {
  readonly kind: 'leaf' | 'collection';
  readonly metadata: NodeMetadata;
}

/**
 * A node whose items are of type T. Making one causes no traffic, and whether the node exists only shows when it is used.
 * Every call that returns a promise throws {@link XmppError}: `stanza-error` with the condition where the service refuses,
 * `malformed-answer` where the answer is not what the XEP says, and whatever `Session.request` throws.
 */
export interface PubSubNode<T> {
  readonly name: string;

  /**
   * XEP-0060 section 7.1. The event may reach subscribers, us among them, before this resolves.
   * @returns the item id the service gave or confirmed
   */
  publish(value: T, options?: PublishOptions): Promise<string>;
  /**
   * Publishes many, several at a time, started in the order given; the next is taken from `entries` when there is room.
   * @returns the outcome of each in the order given: its item id, or why it failed
   * @throws XmppError `aborted` if `signal` ends it, `invalid-option`
   */
  publishAll(
    entries: Iterable<PublishEntry<T>> | AsyncIterable<PublishEntry<T>>,
    options?: PublishAllOptions,
  ): Promise<PromiseSettledResult<string>[]>;
  /** XEP-0060 section 7.2 */
  retract(id: string, options?: RetractOptions): Promise<void>;

  /** All items in one answer, in the service's order, or those with the ids (XEP-0060 section 6.5). Malformed ones are counted, logged and left out. */
  items(options?: ReadOptions): Promise<Item<T>[]>;
  /**
   * All items, page by page (XEP-0060 section 6.5.4). At a service that does not page items, by their ids. However large the items, no
   * answer is larger than a connection takes.
   */
  pages(options?: PageOptions): AsyncIterable<Item<T>[]>;
  /** The ids of the items, or of those the service names (XEP-0060 section 5.5). */
  itemIds(options?: RequestOptions): Promise<string[]>;
  /** XEP-0060 sections 5.3 and 5.4 */
  info(options?: RequestOptions): Promise<NodeInfo>;

  /**
   * Subscribes the own bare JID, unless told another (XEP-0060 section 6.1). The state may be `pending`.
   * Events of a bare JID's subscription go to those of its sessions that are available, so send presence on every fresh stream.
   */
  subscribe(options?: SubscribeOptions): Promise<Subscription>;
  /** XEP-0060 section 6.2 */
  unsubscribe(options?: SubscriberOptions): Promise<void>;
  /** XEP-0060 section 6.3.2 */
  subscriptionOptions(options?: SubscriberOptions): Promise<SubscriptionOptions>;
  /** XEP-0060 section 6.3.5 */
  configureSubscription(wanted: SubscriptionOptions, options?: SubscriberOptions): Promise<void>;
  /** The own account's subscriptions to this node (XEP-0060 section 5.6). */
  ownSubscriptions(options?: RequestOptions): Promise<Subscription[]>;
  /** The own account's affiliation with this node (XEP-0060 section 5.7). `none` if the service names none. */
  ownAffiliation(options?: RequestOptions): Promise<Affiliation>;

  /** Makes the node (XEP-0060 section 8.1). @throws XmppError `stanza-error` with `conflict` if there is one */
  create(config?: NodeConfig, options?: RequestOptions): Promise<void>;
  /** The configuration, for its owner (XEP-0060 section 8.2.1). */
  config(options?: RequestOptions): Promise<NodeConfig>;
  /** Changes the fields given, and leaves the others (XEP-0060 section 8.2.4). */
  configure(changes: NodeConfig, options?: RequestOptions): Promise<void>;
  /** XEP-0060 section 8.4; `redirect` is the URI of the node that takes its place. */
  delete(options?: RequestOptions & { readonly redirect?: string }): Promise<void>;
  /** XEP-0060 section 8.5 */
  purge(options?: RequestOptions): Promise<void>;

  /** Everybody's subscriptions, for the owner (XEP-0060 section 8.8.1). */
  subscribers(options?: RequestOptions): Promise<Subscription[]>;
  /** XEP-0060 section 8.8.2. Those not named keep theirs. */
  setSubscriptions(changes: readonly SubscriptionChange[], options?: RequestOptions): Promise<void>;
  /** Everybody's affiliations, for the owner (XEP-0060 section 8.9.1). */
  affiliations(options?: RequestOptions): Promise<NodeAffiliation[]>;
  /** XEP-0060 section 8.9.2. Those not named keep theirs. */
  setAffiliations(changes: readonly AffiliationChange[], options?: RequestOptions): Promise<void>;

  /** Events of this node, in the order in which they arrived. A listener that throws is logged and breaks nothing. */
  on(listener: (event: PubSubEvent<T>) => void): Unlisten;
  /**
   * Events from now on, until the loop is left, `signal` aborts or the buffer overflows.
   * @throws XmppError `slow-consumer` in the loop, once the events buffered so far are consumed
   */
  events(options?: EventIteratorOptions): AsyncIterableIterator<PubSubEvent<T>>;
  /**
   * The node's content kept in step; see {@link Replica}. It reads as soon as the session is online, so whatever makes events flow, such as
   * presence, has to be sent by a listener to `online` that was there before: between a read and the first event nothing may be lost.
   */
  replicate(observer: ReplicaObserver<T>, options?: ReplicaOptions): Replica;
}

/** One item of {@link PubSubNode.publishAll}. */
export interface PublishEntry<T> {
  readonly value: T;
  readonly id?: string;
}

/** A node without a codec: its values are the payload elements themselves. */
export type RawNode = PubSubNode<Element>;
