import type { Element } from '@xmpp/xml';
import type { Jid } from '../../jid.js';
import type { Session, SessionLog, Unlisten } from '../../session/types.js';
import type { Drift, NodeConfig, SubscriptionOptions } from './config.js';
import type { DiscoInfo, NodeSummary } from './disco.js';
import type { NodeAffiliation, PayloadCodec, Subscription } from './event.js';
import type { PageOptions, PubSubNode } from './node.js';
import type { RequestOptions } from './request.js';

export interface PubSubServiceOptions {
  /** The service's JID, e.g. `pubsub.example.org`; for PEP (XEP-0163), the account's bare JID. */
  readonly jid: string;
  readonly log?: SessionLog;
  /** Called for all that is not acted upon, beside the log: to count it. It must not throw. */
  readonly onIgnored?: (ignored: Ignored) => void;
}

/** Something that came in and was left out. */
export interface Ignored {
  /**
   * `malformed-event`: it could not be understood. `malformed-item`: it has no payload, or one that the codec refuses.
   * `foreign-event`: it names a node that is listened to and comes from somebody else than the service.
   */
  readonly reason: 'malformed-event' | 'malformed-item' | 'foreign-event';
  /** Absent where it could not be read. */
  readonly node?: string;
}

/**
 * Opens a pubsub service over a session. No traffic. Events are taken only from `jid`.
 * @throws XmppError `invalid-option` if `jid` is none
 */
export type ConnectPubSub = (session: Session, options: PubSubServiceOptions) => PubSubService;

export interface CreateOptions extends RequestOptions {
  /** @default that of the service */
  readonly config?: NodeConfig;
}

export interface GetOrCreateOptions extends RequestOptions {
  /** Only look: create and change nothing. @default false */
  readonly check?: boolean;
}

/** What `getOrCreate` found and did. */
export interface NodeState<T> {
  readonly node: PubSubNode<T>;
  /** This call made the node. */
  readonly created: boolean;
  /** There is such a node now. False only with `check`. */
  readonly exists: boolean;
  /** In what the node differed from what is wanted; empty for a node made by this call. */
  readonly drift: readonly Drift[];
  /** In what it differs still: the service took the configuration, and does not keep to it. With `check`, the same as `drift`. */
  readonly remaining: readonly Drift[];
}

/** Somebody wants to subscribe to a node of ours with access model `authorize` (XEP-0060 section 8.6). */
export interface SubscriptionRequest {
  readonly node: string;
  readonly subscriber: Jid;
  readonly subscriptionId?: string;
  /** Resolves when the server has taken the answer. @throws XmppError as `Session.sendConfirmed` */
  approve(): Promise<void>;
  /** Resolves when the server has taken the answer. @throws XmppError as `Session.sendConfirmed` */
  deny(): Promise<void>;
}

/** A pubsub service as one account sees it. Errors as of {@link PubSubNode}. */
export interface PubSubService {
  readonly jid: Jid;
  /** Events from the service that could not be understood, so far. */
  readonly malformedEvents: number;
  /** Items, read or brought by events, whose payload their codec refused, so far. */
  readonly malformedItems: number;

  /** A node whose items are of type T. No network traffic. */
  node(name: string): PubSubNode<Element>;
  node<T>(name: string, codec: PayloadCodec<T>): PubSubNode<T>;

  /** Makes a node with a name that the service chooses: an instant node (XEP-0060 section 8.1.1). */
  createInstant(options?: CreateOptions): Promise<PubSubNode<Element>>;
  createInstant<T>(
    options: CreateOptions & { readonly codec: PayloadCodec<T> },
  ): Promise<PubSubNode<T>>;
  /**
   * Makes the node, or puts its configuration right where it is not as wanted; fields not named in `wanted` are left as they are.
   * Several may do so at once.
   * @throws XmppError `stanza-error`: e.g. `forbidden` if the node is another's, `not-acceptable` if the service refuses the configuration
   */
  getOrCreate(
    name: string,
    wanted: NodeConfig,
    codec?: undefined,
    options?: GetOrCreateOptions,
  ): Promise<NodeState<Element>>;
  getOrCreate<T>(
    name: string,
    wanted: NodeConfig,
    codec: PayloadCodec<T>,
    options?: GetOrCreateOptions,
  ): Promise<NodeState<T>>;

  /** Identities and features of the service (XEP-0060 section 5.1). */
  info(options?: RequestOptions): Promise<DiscoInfo>;
  /** The pubsub features of the service, by their short names, e.g. `instant-nodes` (XEP-0060 section 10). */
  features(options?: RequestOptions): Promise<ReadonlySet<string>>;
  /** The nodes of the service, or below a collection, page by page (XEP-0060 section 5.2). */
  nodes(options?: PageOptions & { readonly collection?: string }): AsyncIterable<NodeSummary>;
  /** The own account's subscriptions to all nodes (XEP-0060 section 5.6). */
  subscriptions(options?: RequestOptions): Promise<Subscription[]>;
  /** The own account's affiliations with all nodes (XEP-0060 section 5.7). */
  affiliations(options?: RequestOptions): Promise<NodeAffiliation[]>;
  /** The configuration that a new node gets (XEP-0060 section 8.3). */
  defaultConfig(options?: RequestOptions): Promise<NodeConfig>;
  /** The options that a new subscription gets, at a node or anywhere (XEP-0060 section 6.4). */
  defaultSubscriptionOptions(
    options?: RequestOptions & { readonly node?: string },
  ): Promise<SubscriptionOptions>;

  /** Requests to subscribe to nodes of ours (XEP-0060 section 8.6). */
  onSubscriptionRequest(listener: (request: SubscriptionRequest) => void): Unlisten;
  /** Nodes of ours with subscriptions that wait for approval (XEP-0060 section 8.7.1). */
  pendingNodes(options?: RequestOptions): Promise<string[]>;
  /** Has the service send the waiting requests of a node again, to `onSubscriptionRequest` (XEP-0060 section 8.7.4). */
  resendPending(node: string, options?: RequestOptions): Promise<void>;
}
