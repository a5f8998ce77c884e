import xml from '@xmpp/xml';
import { childForm } from './form.js';
import { nodeConfig } from './node-config.js';
import { childrenOf, compact, malformed, requiredChild, requiredJid } from './read-xml.js';
import { readAffiliation, readSubscription } from './subscribing.js';
import type { NodeConfig } from './types/config.js';
import type { PubSubNode } from './types/node.js';
import type { RequestOptions } from './types/request.js';
import { pubsub, pubsubOwner, type Wire } from './wire.js';

/** What a node's owner does (XEP-0060 section 8). */
export function owning(
  wire: Wire,
  node: string,
): Pick<
  PubSubNode<unknown>,
  | 'create'
  | 'config'
  | 'configure'
  | 'delete'
  | 'purge'
  | 'subscribers'
  | 'setSubscriptions'
  | 'affiliations'
  | 'setAffiliations'
> {
  return {
    async create(config, options) {
      await createNode(wire, node, config, options);
    },

    async config(options) {
      const answer = await wire.get(pubsubOwner(xml('configure', { node })), options);
      const configure = requiredChild(answer, 'configure');
      const form = childForm(configure);
      if (form === undefined) throw malformed('the answer has no form', configure);
      return nodeConfig.read(form);
    },

    async configure(changes, options) {
      const configure = xml('configure', { node }, nodeConfig.write(changes));
      await wire.set(pubsubOwner(configure), options);
    },

    async delete({ redirect, ...options } = {}) {
      const target = redirect === undefined ? [] : [xml('redirect', { uri: redirect })];
      await wire.set(pubsubOwner(xml('delete', { node }, ...target)), options);
    },

    async purge(options) {
      await wire.set(pubsubOwner(xml('purge', { node })), options);
    },

    async subscribers(options) {
      const answer = await wire.get(pubsubOwner(xml('subscriptions', { node })), options);
      return childrenOf(requiredChild(answer, 'subscriptions'), 'subscription').map((element) =>
        readSubscription(element, node),
      );
    },

    async setSubscriptions(changes, options) {
      const list = changes.map(({ jid, state, id }) =>
        xml('subscription', compact({ jid, subscription: state, subid: id })),
      );
      await wire.set(pubsubOwner(xml('subscriptions', { node }, ...list)), options);
    },

    async affiliations(options) {
      const answer = await wire.get(pubsubOwner(xml('affiliations', { node })), options);
      return childrenOf(requiredChild(answer, 'affiliations'), 'affiliation').map((element) => ({
        node,
        jid: requiredJid(element, 'jid'),
        affiliation: readAffiliation(element),
      }));
    },

    async setAffiliations(changes, options) {
      const list = changes.map(({ jid, affiliation }) => xml('affiliation', { jid, affiliation }));
      await wire.set(pubsubOwner(xml('affiliations', { node }, ...list)), options);
    },
  };
}

/** XEP-0060 section 8.1. @returns the answer, which names the node if the service chose the name */
export function createNode(
  wire: Wire,
  node: string | undefined,
  config: NodeConfig | undefined,
  options?: RequestOptions,
) {
  const create = xml('create', compact({ node }));
  return wire.set(
    config === undefined
      ? pubsub(create)
      : pubsub(create, xml('configure', {}, nodeConfig.write(config))),
    options,
  );
}

/** XEP-0060 section 8.3 */
export async function defaultConfig(wire: Wire, options?: RequestOptions): Promise<NodeConfig> {
  const answer = await wire.get(pubsubOwner(xml('default')), options);
  const element = requiredChild(answer, 'default');
  const form = childForm(element);
  if (form === undefined) throw malformed('the answer has no form', element);
  return nodeConfig.read(form);
}
