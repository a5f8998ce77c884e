/** Values of form fields that this library gives no type, by their full field name. */
export type OtherFields = Readonly<Record<string, readonly string[]>>;

/** Node configuration (XEP-0060 section 16.4.4). What is not known here stands in `other`, by its full field name. */
export interface NodeConfig {
  /** A short name of the node for people. */
  readonly title?: string;
  /** What the node is for. */
  readonly description?: string;
  /** Who may subscribe and read (section 4.5). */
  readonly accessModel?: 'open' | 'presence' | 'roster' | 'authorize' | 'whitelist';
  /** Who may publish. */
  readonly publishModel?: 'publishers' | 'subscribers' | 'open';
  /** Whether items are kept, or only passed on. */
  readonly persistItems?: boolean;
  /** How many items are kept. `max`: as many as the service allows. */
  readonly maxItems?: number | 'max';
  /** Whether events carry the payload; if not, only the item's id. */
  readonly deliverPayloads?: boolean;
  /** Whether events are sent at all. */
  readonly deliverNotifications?: boolean;
  /** Whether subscribers hear of retracted items. */
  readonly notifyRetract?: boolean;
  /** Whether subscribers hear that the node was deleted. */
  readonly notifyDelete?: boolean;
  /** Whether subscribers hear of a new configuration. */
  readonly notifyConfig?: boolean;
  /** When a service sends the last item to a subscriber unasked. */
  readonly sendLastPublishedItem?: 'never' | 'on_sub' | 'on_sub_and_presence';
  /** Whom the service names on an item: its publisher, or the node's owner. */
  readonly itemReply?: 'owner' | 'publisher';
  /** The type of the messages that carry events. */
  readonly notificationType?: 'normal' | 'headline';
  /** In bytes. */
  readonly maxPayloadSize?: number;
  /** Whether a publisher's items go when it goes offline. */
  readonly purgeOffline?: boolean;
  /** Whether events go only to those who are online. */
  readonly presenceBasedDelivery?: boolean;
  /** The namespace of the payloads. */
  readonly payloadType?: string;
  readonly other?: OtherFields;
}

/** Options of one subscription (XEP-0060 sections 6.3 and 16.4.2). What is not known here stands in `other`. */
export interface SubscriptionOptions {
  /** Whether events are sent for this subscription. */
  readonly deliver?: boolean;
  /** Whether events are collected into digests. */
  readonly digest?: boolean;
  /** Time between two digests, in milliseconds. */
  readonly digestFrequencyMs?: number;
  /** When the subscription ends; `presence`: when the subscriber goes offline. */
  readonly expire?: Date | 'presence';
  /** Whether event messages have a body for people. */
  readonly includeBody?: boolean;
  /** Presence states in which events are wanted. */
  readonly showValues?: readonly string[];
  readonly subscriptionType?: 'items' | 'nodes';
  readonly subscriptionDepth?: '1' | 'all';
  readonly other?: OtherFields;
}

/** What a service tells everybody about a node (XEP-0060 sections 5.4 and 16.4.5). */
export interface NodeMetadata {
  readonly title?: string;
  readonly description?: string;
  /** JIDs of those to ask. */
  readonly contact?: readonly string[];
  readonly created?: Date;
  /** JID of whoever made the node. */
  readonly creator?: string;
  readonly language?: string;
  readonly subscribers?: number;
  /** JIDs. */
  readonly owners?: readonly string[];
  /** JIDs. */
  readonly publishers?: readonly string[];
  /** The namespace of the payloads. */
  readonly payloadType?: string;
  readonly other?: OtherFields;
}

/** A field in which a node's configuration is not as wanted. */
export interface Drift {
  /** The key in {@link NodeConfig}, or the full field name of one of `other`. */
  readonly field: string;
  /** As a form writes it. `undefined`: the node says nothing of it. */
  readonly was: string | undefined;
  /** As a form writes it. */
  readonly wanted: string;
}
