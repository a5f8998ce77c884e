import type { NodePlan } from '@heavylift/jobs';
import {
  type Affiliation,
  hasCondition,
  isXmppError,
  type NodeConfig,
  type NodeState,
  type PubSubNode,
  type PubSubService,
  type Subscription,
  type SubscriptionChange,
} from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { type Change, describeDrift } from './changes.js';
import { ProvisionError } from './errors.js';

/** Bare JIDs by what they may do at a node, and of those who are subscribed to it. */
export interface NodeMembers {
  readonly affiliations: ReadonlyMap<string, Affiliation>;
  readonly subscribers: ReadonlySet<string>;
}

/** Without these, strangers could read or write, or nobody could tell who wrote what. */
const indispensable: ReadonlySet<string> = new Set<keyof NodeConfig>([
  'accessModel',
  'publishModel',
  'persistItems',
  'deliverPayloads',
  'sendLastPublishedItem',
]);

/** Likewise, but some services settle it elsewhere and have no field for it: Prosody's `expose_publisher`. */
const indispensableIfTold: ReadonlySet<string> = new Set<keyof NodeConfig>(['itemReply']);

/**
 * Makes a node what the plan says. One request at a time, for services keep all that an account has at a node in one record
 * and may lose one of two changes at once; and in an order in which every service agrees:
 * who has lost his rights cannot be unsubscribed, who has none yet cannot be subscribed.
 * @returns what was put right
 * @throws ProvisionError `node-refused`, `node-unfit`, `unreachable`
 */
export async function convergeNode(
  service: PubSubService,
  name: string,
  plan: NodePlan,
  members: NodeMembers,
): Promise<Change[]> {
  try {
    const state = await service.getOrCreate(name, plan.config);
    const configured = configurationChanges(service, state);
    const present = await state.node.subscribers();
    const surplus = plan.config.accessModel === 'whitelist' ? strangers(present, members) : [];
    const unsubscribed = await setSubscriptions(state.node, surplus);
    const affiliated = await convergeAffiliations(state.node, members.affiliations);
    const subscribed = await setSubscriptions(state.node, missing(present, members));
    return [...configured, ...unsubscribed, ...affiliated, ...subscribed];
  } catch (error) {
    throw explained(error, service, name);
  }
}

function configurationChanges(service: PubSubService, state: NodeState<Element>): Change[] {
  const node = state.node.name;
  const unfit = state.remaining.filter(
    ({ field, was }) =>
      indispensable.has(field) || (was !== undefined && indispensableIfTold.has(field)),
  );
  if (unfit.length > 0) {
    throw new ProvisionError(
      'node-unfit',
      `${service.jid} does not keep to the configuration of ${node}: ${unfit.map(describeDrift).join(', ')}.`,
    );
  }
  if (state.created) return [{ kind: 'node-made', node }];
  const kept = new Set(state.remaining.map(({ field }) => field));
  const drift = state.drift.filter(({ field }) => !kept.has(field));
  return drift.length === 0 ? [] : [{ kind: 'node-configured', node, drift }];
}

/** Whoever the plan does not name loses what he has, except owners: they may be other administrators. */
async function convergeAffiliations(
  node: PubSubNode<Element>,
  wanted: ReadonlyMap<string, Affiliation>,
): Promise<Change[]> {
  const present = new Map<string, Affiliation>();
  for (const { jid, affiliation } of await node.affiliations()) {
    present.set(jid.bare().toString(), affiliation);
  }
  const changes: { jid: string; was: Affiliation; now: Affiliation }[] = [];
  for (const jid of new Set([...wanted.keys(), ...present.keys()])) {
    const was = present.get(jid) ?? 'none';
    const now = wanted.get(jid) ?? (was === 'owner' || was === 'outcast' ? was : 'none');
    if (was !== now) changes.push({ jid, was, now });
  }
  if (changes.length > 0) {
    await node.setAffiliations(changes.map(({ jid, now }) => ({ jid, affiliation: now })));
  }
  return changes.map((change) => ({ kind: 'affiliation-set', node: node.name, ...change }));
}

/** Some services go on sending events to those who were members once. */
const strangers = (
  present: readonly Subscription[],
  { affiliations }: NodeMembers,
): SubscriptionChange[] =>
  present
    .filter(({ jid }) => !affiliations.has(jid.bare().toString()))
    .map(({ jid, id }) => ({
      jid: jid.toString(),
      state: 'none',
      ...(id === undefined ? {} : { id }),
    }));

function missing(
  present: readonly Subscription[],
  { subscribers }: NodeMembers,
): SubscriptionChange[] {
  const subscribed = new Set(
    present.filter(({ state }) => state === 'subscribed').map(({ jid }) => jid.toString()),
  );
  return [...subscribers]
    .filter((jid) => !subscribed.has(jid))
    .map((jid) => ({ jid, state: 'subscribed' }));
}

async function setSubscriptions(
  node: PubSubNode<Element>,
  changes: readonly SubscriptionChange[],
): Promise<Change[]> {
  if (changes.length > 0) await node.setSubscriptions(changes);
  return changes.map(({ jid, state }) => ({
    kind: state === 'none' ? 'unsubscribed' : 'subscribed',
    node: node.name,
    jid,
  }));
}

function explained(error: unknown, service: PubSubService, name: string): unknown {
  if (!isXmppError(error)) return error;
  if (error.code !== 'stanza-error' && error.code !== 'malformed-answer') {
    return new ProvisionError('unreachable', `${service.jid} broke off: ${error.message}`, error);
  }
  const hint = hasCondition(error, 'forbidden', 'not-allowed')
    ? ' The administrator must be allowed to create nodes, and own those that are there.'
    : '';
  return new ProvisionError(
    'node-refused',
    `${service.jid} refuses the node ${name} or a change of it: ${error.message}${hint}`,
    error,
  );
}
