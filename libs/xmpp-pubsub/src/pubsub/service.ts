import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { type Jid, parseJid, toBareJid } from '../jid.js';
import type { Session } from '../session/types.js';
import { approving } from './approvals.js';
import { elementCodec } from './codecs.js';
import { converge } from './converge.js';
import { discoInfo, discoItems } from './disco.js';
import { createDispatcher } from './dispatch.js';
import { NS_PUBSUB } from './namespaces.js';
import { createNodeHandle } from './node.js';
import { createNode, defaultConfig } from './owning.js';
import { compact, requiredAttribute, requiredChild } from './read-xml.js';
import { defaultSubscriptionOptions, ownAffiliations, ownSubscriptions } from './subscribing.js';
import type { NodeConfig } from './types/config.js';
import type { DiscoInfo, NodeSummary } from './types/disco.js';
import type { PayloadCodec } from './types/event.js';
import type { PageOptions, PubSubNode } from './types/node.js';
import type {
  CreateOptions,
  GetOrCreateOptions,
  NodeState,
  PubSubService,
  PubSubServiceOptions,
} from './types/service.js';
import { createWire, type Wire } from './wire.js';

/**
 * Opens a pubsub service over a session. No traffic, and nothing to close: it listens to the session only while somebody listens to a node.
 * Events are taken only from `jid`.
 * @throws XmppError `invalid-option` if `jid` is none
 */
export function connectPubSub(session: Session, options: PubSubServiceOptions): PubSubService {
  const jid = serviceJid(options.jid);
  const wire = createWire(session, jid, options);
  const dispatcher = createDispatcher(wire);
  const to = jid.toString();

  const typedNode = <T>(name: string, codec: PayloadCodec<T>) =>
    createNodeHandle(wire, dispatcher, name, codec);

  function node(name: string): PubSubNode<Element>;
  function node<T>(name: string, codec: PayloadCodec<T>): PubSubNode<T>;
  function node(name: string, codec?: PayloadCodec<unknown>) {
    return typedNode(name, codec ?? elementCodec);
  }

  function createInstant(options?: CreateOptions): Promise<PubSubNode<Element>>;
  function createInstant<T>(options: CreateOptions & Typed<T>): Promise<PubSubNode<T>>;
  async function createInstant(given: CreateOptions & Partial<Typed<unknown>> = {}) {
    const { config, codec, ...request } = given;
    const answer = await createNode(wire, undefined, config, request);
    const name = requiredAttribute(requiredChild(answer, 'create'), 'node');
    return typedNode(name, codec ?? elementCodec);
  }

  function getOrCreate(
    name: string,
    wanted: NodeConfig,
    codec?: undefined,
    request?: GetOrCreateOptions,
  ): Promise<NodeState<Element>>;
  function getOrCreate<T>(
    name: string,
    wanted: NodeConfig,
    codec: PayloadCodec<T>,
    request?: GetOrCreateOptions,
  ): Promise<NodeState<T>>;
  async function getOrCreate(
    name: string,
    wanted: NodeConfig,
    codec?: PayloadCodec<unknown>,
    request?: GetOrCreateOptions,
  ) {
    const state = await converge(wire, name, wanted, request);
    return { node: typedNode(name, codec ?? elementCodec), ...state };
  }

  return {
    jid,
    get malformedEvents() {
      return dispatcher.malformedEvents;
    },
    get malformedItems() {
      return wire.malformedItems;
    },
    node,
    createInstant,
    getOrCreate,
    nodes: (request) => listNodes(wire, request),
    features: async (request) => shortNames(await discoInfo(wire, to, request)),
    info: (request) => discoInfo(wire, to, request),
    subscriptions: (request) => ownSubscriptions(wire, request),
    affiliations: (request) => ownAffiliations(wire, request),
    defaultConfig: (request) => defaultConfig(wire, request),
    defaultSubscriptionOptions: (request) => defaultSubscriptionOptions(wire, request),
    ...approving(wire),
  };
}

interface Typed<T> {
  readonly codec: PayloadCodec<T>;
}

async function* listNodes(
  wire: Wire,
  { collection, ...options }: PageOptions & { readonly collection?: string } = {},
): AsyncGenerator<NodeSummary> {
  const at = { ...options, ...compact({ node: collection }) };
  for await (const page of discoItems(wire, wire.jid.toString(), at)) {
    for (const { node, name } of page) if (node !== undefined) yield { node, ...compact({ name }) };
  }
}

/** XEP-0060 section 10 names features `http://jabber.org/protocol/pubsub#…`. */
function shortNames({ features }: DiscoInfo): ReadonlySet<string> {
  const prefix = `${NS_PUBSUB}#`;
  const ours = [...features].filter((feature) => feature.startsWith(prefix));
  return new Set(ours.map((feature) => feature.slice(prefix.length)));
}

/** In the spelling that the service itself has in `from`. */
function serviceJid(configured: string): Jid {
  try {
    return parseJid(toBareJid(configured));
  } catch (cause) {
    throw new XmppError('invalid-option', `'${configured}' is no JID`, { cause });
  }
}
