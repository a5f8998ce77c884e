export type ServerName = 'ejabberd' | 'Prosody';

interface Deviation {
  /** What happens instead, for people. */
  readonly instead: string;
  /** The condition of the stanza error that comes instead. */
  readonly refusal?: string;
}

interface Requirement {
  /** Of XEP-0060. */
  readonly section: string;
  readonly what: string;
  readonly servers: Readonly<Partial<Record<ServerName, Deviation>>>;
}

const refused = (condition: string): Deviation => ({
  instead: `refused with \`${condition}\``,
  refusal: condition,
});

const table = <Id extends string>(requirements: Readonly<Record<Id, Requirement>>) => requirements;

/**
 * Where ejabberd 23.01 and Prosody 0.12 do not do what XEP-0060 says or offers. The one place that tests look at, and that
 * the table in `docs/servers.md` is checked against.
 */
export const deviations = table({
  'item-ids': {
    section: '5.5',
    what: 'disco#items of a node lists the items',
    servers: { Prosody: { instead: 'newest first; reading them gives oldest first' } },
  },
  metadata: {
    section: '5.4',
    what: 'metadata of a node names owners and counts subscribers',
    servers: { Prosody: { instead: 'only title, description, type and models' } },
  },
  'own-affiliations': {
    section: '5.7',
    what: 'an entity asks for its affiliations',
    servers: { Prosody: refused('service-unavailable') },
  },
  'own-affiliations-pep': {
    section: '5.7',
    what: 'an account asks for its affiliations with its own PEP nodes',
    servers: { Prosody: refused('service-unavailable') },
  },
  'foreign-jid': {
    section: '6.1.3.1',
    what: 'subscribing somebody else is refused with `bad-request` and `invalid-jid`',
    servers: { Prosody: { instead: 'refused with `forbidden`', refusal: 'forbidden' } },
  },
  'subscription-options': {
    section: '6.3',
    what: 'options of a subscription are read and set',
    servers: { ejabberd: refused('feature-not-implemented') },
  },
  'subscribe-and-configure': {
    section: '6.3.7',
    what: 'options given while subscribing take effect',
    servers: { ejabberd: { instead: 'they are ignored in silence' } },
  },
  'default-subscription-options': {
    section: '6.4',
    what: 'default options of subscriptions are read',
    servers: {
      ejabberd: refused('feature-not-implemented'),
      Prosody: refused('service-unavailable'),
    },
  },
  'last-item': {
    section: '6.1.7',
    what: 'the last item, sent to a new subscriber, says when it was published',
    servers: { Prosody: { instead: 'it comes without a delay stamp' } },
  },
  paging: {
    section: '6.5.4',
    what: 'items come page by page (result set management)',
    servers: {
      Prosody: { instead: 'the request for a page is ignored; the rest is read by ids' },
    },
  },
  'full-publisher': {
    section: '7.1.2.3',
    what: 'items name their publisher, if `itemreply` says so',
    servers: { Prosody: { instead: 'by bare JID, on every node or none, by `expose_publisher`' } },
  },
  'pushed-out': {
    section: '7.1.2.5',
    what: 'subscribers hear of items pushed out by `max_items`',
    servers: { Prosody: { instead: 'they do not: a replica keeps them until it reads again' } },
  },
  'publish-to-missing': {
    section: '7.1.3.3',
    what: 'publishing to a node that is not there is refused with `item-not-found`',
    servers: {
      ejabberd: { instead: 'the node is made, if the publisher may (section 7.1.4)' },
      Prosody: { instead: 'refused with `forbidden`', refusal: 'forbidden' },
    },
  },
  'silent-retraction': {
    section: '7.2.2.1',
    what: 'a retraction without `notify` reaches no subscriber',
    servers: { ejabberd: { instead: 'it does, if the node has `notify_retract`' } },
  },
  'authorize-model': {
    section: '8.1.2',
    what: 'a node can have the access model `authorize`',
    servers: { Prosody: refused('not-acceptable') },
  },
  'missing-config': {
    section: '8.2.3.5',
    what: 'asking for the configuration of a node that is not there is refused with `item-not-found`',
    servers: { Prosody: { instead: 'refused with `forbidden`', refusal: 'forbidden' } },
  },
  'unknown-fields': {
    section: '8.2.5.2',
    what: 'a configuration with fields unknown to the service is taken, without them',
    servers: { ejabberd: refused('resource-constraint') },
  },
  'configured-event': {
    section: '8.2.5.3',
    what: 'subscribers hear of a new configuration, if the node has `notify_config`',
    servers: { Prosody: { instead: 'it has no such field, and they do not' } },
  },
  redirect: {
    section: '8.4.2',
    what: 'subscribers of a deleted node hear where it moved',
    servers: {
      ejabberd: { instead: 'they hear of the deletion alone' },
      Prosody: { instead: 'they hear of the deletion alone' },
    },
  },
  approval: {
    section: '8.6',
    what: 'owners approve or deny subscriptions',
    servers: { Prosody: refused('not-acceptable') },
  },
  'pending-listed': {
    section: '8.8.1.1',
    what: 'the list of subscriptions has those that are pending',
    servers: {
      ejabberd: { instead: 'it has not' },
      Prosody: refused('not-acceptable'),
    },
  },
  'subscription-event': {
    section: '8.8.4',
    what: 'a subscriber hears that an owner changed its subscription',
    servers: { Prosody: { instead: 'it does not' } },
  },
  outcast: {
    section: '8.9.2',
    what: 'a subscriber is made an outcast',
    servers: {
      Prosody: { instead: 'it is done, but answered with `forbidden`', refusal: 'forbidden' },
    },
  },
  'carriage-return': {
    section: '6.5',
    what: 'an item is read as it was published, to the last character',
    servers: {
      Prosody: { instead: 'of what it keeps, each carriage return becomes a line feed' },
    },
  },
  'pep-subscribers': {
    section: '8.8.1',
    what: 'an account reads the subscribers of its PEP node',
    servers: { ejabberd: refused('feature-not-implemented') },
  },
});

export type DeviationId = keyof typeof deviations;
