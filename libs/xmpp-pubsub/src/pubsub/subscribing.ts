import xml, { type Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { type BareJid, parseJid } from '../jid.js';
import { childForm } from './form.js';
import { subscribeOptions } from './node-config.js';
import { isSubscriptionState } from './parse-event.js';
import {
  attribute,
  childOf,
  childrenOf,
  compact,
  malformed,
  requiredAttribute,
  requiredChild,
  requiredJid,
} from './read-xml.js';
import type { Affiliation, NodeAffiliation, Subscription } from './types/event.js';
import type { PubSubNode } from './types/node.js';
import type { RequestOptions } from './types/request.js';
import { pubsub, type Wire } from './wire.js';

/** Subscribing, and what the own account is to a node (XEP-0060 sections 5.6, 5.7 and 6.1 to 6.3). */
export function subscribing(
  wire: Wire,
  node: string,
): Pick<
  PubSubNode<unknown>,
  | 'subscribe'
  | 'unsubscribe'
  | 'subscriptionOptions'
  | 'configureSubscription'
  | 'ownSubscriptions'
  | 'ownAffiliation'
> {
  const whose = (jid: string | undefined, subid?: string) =>
    compact({ node, jid: jid ?? ownBareJid(wire), subid });

  return {
    async subscribe({ jid, options: wanted, ...options } = {}) {
      const subscribe = xml('subscribe', whose(jid));
      const request =
        wanted === undefined
          ? pubsub(subscribe)
          : pubsub(subscribe, xml('options', {}, subscribeOptions.write(wanted)));
      const answer = await wire.set(request, options);
      return readSubscription(requiredChild(answer, 'subscription'), node);
    },

    async unsubscribe({ jid, subscriptionId, ...options } = {}) {
      await wire.set(pubsub(xml('unsubscribe', whose(jid, subscriptionId))), options);
    },

    async subscriptionOptions({ jid, subscriptionId, ...options } = {}) {
      const request = pubsub(xml('options', whose(jid, subscriptionId)));
      const answer = await wire.get(request, options);
      return readOptions(requiredChild(answer, 'options'));
    },

    async configureSubscription(wanted, { jid, subscriptionId, ...options } = {}) {
      const form = subscribeOptions.write(wanted);
      await wire.set(pubsub(xml('options', whose(jid, subscriptionId), form)), options);
    },

    // Some services ignore the node and list everything.
    async ownSubscriptions(options) {
      const all = await ownSubscriptions(wire, options, node);
      return all.filter((subscription) => subscription.node === node);
    },

    async ownAffiliation(options) {
      const all = await ownAffiliations(wire, options, node);
      return all.find((affiliation) => affiliation.node === node)?.affiliation ?? 'none';
    },
  };
}

/** XEP-0060 section 5.6 */
export async function ownSubscriptions(
  wire: Wire,
  options?: RequestOptions,
  node?: string,
): Promise<Subscription[]> {
  const answer = await wire.get(pubsub(xml('subscriptions', compact({ node }))), options);
  return childrenOf(requiredChild(answer, 'subscriptions'), 'subscription').map((element) =>
    readSubscription(element, node),
  );
}

/** XEP-0060 section 5.7 */
export async function ownAffiliations(
  wire: Wire,
  options?: RequestOptions,
  node?: string,
): Promise<NodeAffiliation[]> {
  const jid = parseJid(ownBareJid(wire));
  const answer = await wire.get(pubsub(xml('affiliations', compact({ node }))), options);
  const list = requiredChild(answer, 'affiliations');
  return childrenOf(list, 'affiliation').map((element) => ({
    node: attribute(element, 'node') ?? node ?? requiredAttribute(element, 'node'),
    jid,
    affiliation: readAffiliation(element),
  }));
}

/** XEP-0060 section 6.4 */
export async function defaultSubscriptionOptions(
  wire: Wire,
  { node, ...options }: RequestOptions & { readonly node?: string } = {},
) {
  const answer = await wire.get(pubsub(xml('default', compact({ node }))), options);
  return readOptions(requiredChild(answer, 'default'));
}

export function ownBareJid(wire: Wire): BareJid {
  return wire.session.jid?.bare ?? notOnline();
}

function notOnline(): never {
  throw new XmppError('not-online', 'the own JID is not known before the session is online');
}

function readOptions(parent: Element) {
  const form = childForm(parent);
  if (form === undefined) throw malformed('the answer has no form', parent);
  return subscribeOptions.read(form);
}

/** A `<subscription/>`; `node` is for where the element itself need not name one. */
export function readSubscription(element: Element, node: string | undefined): Subscription {
  const state = attribute(element, 'subscription');
  if (!isSubscriptionState(state)) throw malformed(`'${state}' is no subscription state`, element);
  const options = childOf(element, 'subscribe-options');
  const required = options !== undefined && childOf(options, 'required') !== undefined;
  return {
    node: attribute(element, 'node') ?? node ?? requiredAttribute(element, 'node'),
    jid: requiredJid(element, 'jid'),
    state,
    ...compact({
      id: attribute(element, 'subid'),
      configurationRequired: required ? true : undefined,
    }),
  };
}

const AFFILIATIONS: readonly Affiliation[] = [
  'owner',
  'publisher',
  'publish-only',
  'member',
  'none',
  'outcast',
];

export function readAffiliation(element: Element): Affiliation {
  const named = attribute(element, 'affiliation');
  const known = AFFILIATIONS.find((affiliation) => affiliation === named);
  if (known === undefined) throw malformed(`'${named}' is no affiliation`, element);
  return known;
}
