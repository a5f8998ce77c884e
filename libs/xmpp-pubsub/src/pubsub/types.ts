import type { JID } from '@xmpp/jid';
import type { Element } from '@xmpp/xml';
import type { Session, SessionLog, Unlisten } from '../session/types.js';

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
  readonly publisher?: JID;
}

interface EventBase {
  readonly node: string;
  /** When it happened, if it was delayed (XEP-0203). */
  readonly delayedSince?: Date;
  /** SubIDs from XEP-0131 headers (XEP-0060 section 12.20). */
  readonly subscriptionIds: readonly string[];
}

/** What a service tells its subscribers (XEP-0060 sections 7.1.2, 7.2.2, 8.2, 8.4, 8.5, 8.6). */
export type PubSubEvent<T> = EventBase &
  (
    | { readonly type: 'published'; readonly items: readonly Item<T>[] }
    | { readonly type: 'retracted'; readonly ids: readonly string[] }
    | { readonly type: 'purged' }
    | { readonly type: 'deleted'; readonly redirect?: string }
    | { readonly type: 'configured'; readonly config?: NodeConfig }
    | { readonly type: 'subscription'; readonly jid: JID; readonly state: SubscriptionState }
  );

export type SubscriptionState = 'none' | 'pending' | 'unconfigured' | 'subscribed';
export type Affiliation = 'owner' | 'publisher' | 'publish-only' | 'member' | 'none' | 'outcast';

/** Node configuration (XEP-0060 section 16.4.4). What is not known here stands in `other`, by its full field name. */
export interface NodeConfig {
  readonly title?: string;
  readonly description?: string;
  readonly accessModel?: 'open' | 'presence' | 'roster' | 'authorize' | 'whitelist';
  readonly publishModel?: 'publishers' | 'subscribers' | 'open';
  readonly persistItems?: boolean;
  /** `max`: as many as the service allows. */
  readonly maxItems?: number | 'max';
  readonly deliverPayloads?: boolean;
  readonly deliverNotifications?: boolean;
  readonly notifyRetract?: boolean;
  readonly notifyDelete?: boolean;
  readonly notifyConfig?: boolean;
  readonly sendLastPublishedItem?: 'never' | 'on_sub' | 'on_sub_and_presence';
  readonly itemReply?: 'owner' | 'publisher';
  readonly notificationType?: 'normal' | 'headline';
  readonly maxPayloadSize?: number;
  readonly purgeOffline?: boolean;
  readonly presenceBasedDelivery?: boolean;
  readonly payloadType?: string;
  readonly other?: Readonly<Record<string, readonly string[]>>;
}

export interface Subscription {
  readonly node: string;
  readonly jid: JID;
  readonly state: SubscriptionState;
  readonly id?: string;
}

export interface PublishOptions {
  /** Without it, the service makes one up. */
  readonly id?: string;
  /** Preconditions, or the configuration of a node made by this publish (XEP-0060 section 7.1.5). */
  readonly preconditions?: NodeConfig;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface PubSubServiceOptions {
  /** The service's JID, e.g. `pubsub.example.org`; for PEP, the account's bare JID. */
  readonly jid: string;
  readonly log?: SessionLog;
}

/** Opens a pubsub service over a session. Events are taken only from `jid`. */
export type ConnectPubSub = (session: Session, options: PubSubServiceOptions) => PubSubService;

export interface PubSubService {
  readonly jid: JID;
  /** Events from the service that could not be understood, so far. */
  readonly malformedEvents: number;
  /** A node whose items are of type T. No network traffic. */
  node(name: string): PubSubNode<Element>;
  node<T>(name: string, codec: PayloadCodec<T>): PubSubNode<T>;
}

export interface PubSubNode<T> {
  readonly name: string;
  /** @returns the item id the service gave or confirmed (XEP-0060 section 7.1) */
  publish(value: T, options?: PublishOptions): Promise<string>;
  /** XEP-0060 section 7.2 */
  retract(id: string, options?: { readonly notify?: boolean }): Promise<void>;
  /** All items, in the service's order, or those with the ids (XEP-0060 section 6.5). Malformed ones are counted, logged and left out. */
  items(options?: { readonly ids?: readonly string[]; readonly max?: number }): Promise<Item<T>[]>;
  /** Subscribes the own bare JID, unless told another (XEP-0060 section 6.1). */
  subscribe(options?: { readonly jid?: string }): Promise<Subscription>;
  unsubscribe(options?: { readonly jid?: string; readonly subscriptionId?: string }): Promise<void>;
  /** Events of this node, in the order in which they arrived. */
  on(listener: (event: PubSubEvent<T>) => void): Unlisten;
  /** The node's content kept in step; see {@link Replica}. */
  replicate(observer: ReplicaObserver<T>): Replica;
}

/**
 * Listens before it reads: events that come while the items are read are applied to what was read, so nothing is missed in between.
 * Calls are in order and never overlap.
 */
export interface ReplicaObserver<T> {
  /** The whole content, after the first read and after every read that followed a break. */
  reset(items: readonly Item<T>[]): void;
  /** What changed since, one event at a time. */
  event(event: PubSubEvent<T>): void;
  /** A read failed; it is tried again with backoff. */
  failed?(error: unknown): void;
}

export interface Replica extends AsyncDisposable {
  /** Resolves after the first `reset`. */
  readonly ready: Promise<void>;
  /** Reads again, now. Resolves after the `reset`. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}
