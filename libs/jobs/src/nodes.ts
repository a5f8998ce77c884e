import type { NodeConfig } from '@heavylift/xmpp-pubsub';

/** The nodes of the protocol (docs/protocol.md, "Nodes"). */
export const nodeRoles = ['jobs', 'results', 'events', 'handlers', 'failed', 'schedules'] as const;
export type NodeRole = (typeof nodeRoles)[number];

/** Who holds what: each kind of account, by what it does. */
export type AccountRole = 'bot' | 'notifier' | 'lifter' | 'reader';

export interface NodePlan {
  readonly config: NodeConfig;
  /** What each kind of account may do there; whoever is not named may nothing. */
  readonly affiliations: Readonly<Partial<Record<AccountRole, 'publisher' | 'member'>>>;
  /** Whose bare JID is subscribed. */
  readonly subscribers: readonly AccountRole[];
}

const shared: NodeConfig = {
  accessModel: 'whitelist',
  publishModel: 'publishers',
  itemReply: 'publisher',
  // An event for who was away would look like news; everybody re-reads after connecting instead.
  sendLastPublishedItem: 'never',
  deliverPayloads: true,
  notifyConfig: false,
  notifyDelete: true,
};

/** What provisioning makes and everybody relies on. */
export const nodePlans: Readonly<Record<NodeRole, NodePlan>> = {
  jobs: {
    config: {
      ...shared,
      title: 'Heavylift: the ledger of jobs',
      persistItems: true,
      maxItems: 'max',
      // Readers learn from the floor what is gone.
      notifyRetract: false,
    },
    affiliations: { bot: 'publisher', notifier: 'member', lifter: 'member' },
    subscribers: ['notifier', 'lifter'],
  },
  results: {
    config: {
      ...shared,
      title: 'Heavylift: outcomes of jobs',
      persistItems: true,
      maxItems: 1000,
      notifyRetract: false,
    },
    affiliations: { bot: 'publisher', lifter: 'publisher', notifier: 'member', reader: 'member' },
    subscribers: ['bot', 'notifier'],
  },
  events: {
    config: {
      ...shared,
      title: 'Heavylift: progress and reports',
      persistItems: false,
      notifyRetract: false,
    },
    affiliations: { bot: 'member', lifter: 'publisher', notifier: 'publisher' },
    subscribers: ['bot', 'notifier'],
  },
  handlers: {
    config: {
      ...shared,
      title: 'Heavylift: what lifters can do',
      persistItems: true,
      maxItems: 'max',
      notifyRetract: true,
    },
    affiliations: { bot: 'member', lifter: 'publisher', notifier: 'member' },
    subscribers: ['bot', 'notifier'],
  },
  failed: {
    config: {
      ...shared,
      title: 'Heavylift: jobs that failed for good, to be retried',
      persistItems: true,
      maxItems: 1000,
      notifyRetract: false,
    },
    affiliations: { bot: 'publisher' },
    subscribers: [],
  },
  schedules: {
    config: {
      ...shared,
      title: 'Heavylift: jobs that run again and again',
      persistItems: true,
      maxItems: 'max',
      notifyRetract: false,
    },
    affiliations: { bot: 'publisher' },
    subscribers: [],
  },
};

/** Of the items that the node of results keeps, those of lifters; the others are for what ends without running. */
const LIFTERS_RESULTS = 900;
/** What each lifter keeps unless told otherwise, and what it keeps at most if there are few. */
export const MOST_RESULTS_KEPT = 450;

/** How many items of results each of so many lifters keeps (`LIFTER_RESULTS_KEPT`), so that all of them fit the node. */
export function resultsKeptBy(lifters: number): number {
  return Math.max(
    1,
    Math.min(MOST_RESULTS_KEPT, Math.floor(LIFTERS_RESULTS / Math.max(1, lifters))),
  );
}

/** Prefix of every node's name, unless configured: a pubsub service is seldom ours alone. */
export const defaultNodePrefix = 'heavylift/';

export function nodeName(role: NodeRole, prefix: string = defaultNodePrefix): string {
  return `${prefix}${role}`;
}
