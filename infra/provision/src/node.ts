import type { NodePlan } from '@heavylift/jobs';
import {
  type Affiliation,
  type Drift,
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
import { isMoreRights, opensUp } from './widening.js';

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

export interface ConvergeOptions {
  /** Only look. */
  readonly check: boolean;
  readonly widening: 'allow' | 'hold-back';
}

/** What was put right, or with `check` has to be; and what is held back. */
export interface Converged {
  readonly changes: readonly Change[];
  readonly heldBack: readonly Change[];
}

/**
 * Makes a node what the plan says. One request at a time, for services keep all that an account has at a node in one record
 * and may lose one of two changes at once; and in an order in which every service agrees:
 * who has lost his rights cannot be unsubscribed, who has none yet cannot be subscribed.
 * @throws ProvisionError `node-refused`, `node-unfit`, `unreachable`
 */
export async function convergeNode(
  service: PubSubService,
  name: string,
  plan: NodePlan,
  members: NodeMembers,
  { check, widening }: ConvergeOptions,
): Promise<Converged> {
  try {
    const found = await service.getOrCreate(name, plan.config, undefined, { check: true });
    if (check && !found.exists)
      return { changes: [{ kind: 'node-made', node: name }], heldBack: [] };
    // Whom a new node lets in has been asked for just now.
    const holdsBack = widening === 'hold-back' && found.exists;
    const opening = holdsBack ? found.drift.filter(opensUp) : [];
    const config = without(plan.config, opening);
    const state = check ? found : await service.getOrCreate(name, config);
    const configured = check
      ? driftChanges(name, found.drift.filter(isTold))
      : configurationChanges(service, state);

    const { node } = state;
    const present = await node.subscribers();
    const surplus = plan.config.accessModel === 'whitelist' ? strangers(present, members) : [];
    if (!check && surplus.length > 0) await node.setSubscriptions(surplus);

    const due = await affiliationsDue(node, members.affiliations);
    const refused = holdsBack ? due.filter(({ was, now }) => isMoreRights(was, now)) : [];
    const granted = due.filter((change) => !refused.includes(change));
    if (!check && granted.length > 0) {
      await node.setAffiliations(granted.map(({ jid, now }) => ({ jid, affiliation: now })));
    }

    const kept = new Set(refused.map(({ jid }) => jid));
    const lacking = missing(present, members);
    const subscribing = lacking.filter(({ jid }) => !kept.has(jid));
    if (!check && subscribing.length > 0) await node.setSubscriptions(subscribing);

    const heldBack = [
      ...driftChanges(name, opening),
      ...affiliationChanges(name, refused),
      ...subscriptionChanges(
        name,
        lacking.filter(({ jid }) => kept.has(jid)),
      ),
    ];
    const changes = [
      ...configured,
      ...subscriptionChanges(name, surplus),
      ...affiliationChanges(name, granted),
      ...subscriptionChanges(name, subscribing),
    ];
    return { changes, heldBack };
  } catch (error) {
    throw explained(error, service, name);
  }
}

/** What a service has no field for it settles elsewhere, and no change of ours makes a difference. */
const isTold = ({ field, was }: Drift): boolean => was !== undefined || indispensable.has(field);

function without(config: NodeConfig, drift: readonly Drift[]): NodeConfig {
  const fields = new Set(drift.map(({ field }) => field));
  return Object.fromEntries(Object.entries(config).filter(([field]) => !fields.has(field)));
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
  return driftChanges(
    node,
    state.drift.filter(({ field }) => !kept.has(field)),
  );
}

const driftChanges = (node: string, drift: readonly Drift[]): Change[] =>
  drift.length === 0 ? [] : [{ kind: 'node-configured', node, drift }];

interface AffiliationChange {
  readonly jid: string;
  readonly was: Affiliation;
  readonly now: Affiliation;
}

/** Whoever the plan does not name loses what he has, except owners: they may be other administrators. */
async function affiliationsDue(
  node: PubSubNode<Element>,
  wanted: ReadonlyMap<string, Affiliation>,
): Promise<AffiliationChange[]> {
  const present = new Map<string, Affiliation>();
  for (const { jid, affiliation } of await node.affiliations()) {
    present.set(jid.bare, affiliation);
  }
  const changes: AffiliationChange[] = [];
  for (const jid of new Set([...wanted.keys(), ...present.keys()])) {
    const was = present.get(jid) ?? 'none';
    const now = wanted.get(jid) ?? (was === 'owner' || was === 'outcast' ? was : 'none');
    if (was !== now) changes.push({ jid, was, now });
  }
  return changes;
}

const affiliationChanges = (node: string, due: readonly AffiliationChange[]): Change[] =>
  due.map((change) => ({ kind: 'affiliation-set', node, ...change }));

/** Some services go on sending events to those who were members once. */
const strangers = (
  present: readonly Subscription[],
  { affiliations }: NodeMembers,
): SubscriptionChange[] =>
  present
    .filter(({ jid }) => !affiliations.has(jid.bare))
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

const subscriptionChanges = (node: string, due: readonly SubscriptionChange[]): Change[] =>
  due.map(({ jid, state }) => ({
    kind: state === 'none' ? 'unsubscribed' : 'subscribed',
    node,
    jid,
  }));

function explained(error: unknown, service: PubSubService, name: string): unknown {
  if (!isXmppError(error)) return error;
  if (error.code !== 'stanza-error' && error.code !== 'malformed-answer') {
    return new ProvisionError('unreachable', `${service.jid} broke off: ${error.message}`, error);
  }
  const hint = hasCondition(error, 'forbidden', 'not-allowed')
    ? ' The administrator must be allowed to create nodes, and own those that are there. After `ejabberdctl restore` nobody owns them: restore by `ejabberdctl install_fallback FILE` and a restart instead (docs/deploying.md, Backup).'
    : '';
  return new ProvisionError(
    'node-refused',
    `${service.jid} refuses the node ${name} or a change of it: ${error.message}${hint}`,
    error,
  );
}
