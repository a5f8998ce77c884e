import { ORDERS_NAMESPACE } from '@heavylift/jobs';
import type { IncomingIq, Jid } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { CHAT_STATES } from '../chat/incoming.js';
import { type Commands, NS_COMMANDS } from './commands.js';
import { errorOf } from './errors.js';

export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';
export const NS_DISCO_ITEMS = 'http://jabber.org/protocol/disco#items';

const ownFeatures = [
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_COMMANDS,
  ORDERS_NAMESPACE,
  'jabber:x:data',
  CHAT_STATES,
  'urn:xmpp:receipts',
  'urn:xmpp:reply:0',
  'urn:xmpp:ping',
];

const plainFeatures = [NS_DISCO_INFO, NS_DISCO_ITEMS, 'urn:xmpp:ping'];

/** Says what the bot is and which commands it takes (XEP-0030, XEP-0050 section 2). */
export function createDisco(commands: Pick<Commands, 'list'>, self: () => Jid | undefined) {
  /** Strangers learn what any client says of itself, and nothing of what is done here. */
  async function info({ from, payload }: IncomingIq): Promise<Element> {
    const node = nodeIn(payload);
    const mayRun = commands.list(from.bare);
    if (mayRun.length === 0) {
      if (node === undefined) return described(node, ['client', 'bot', 'bot'], plainFeatures);
      throw errorOf('item-not-found', `there is no node ${node}`);
    }
    if (node === undefined) return described(node, ['client', 'bot', 'Heavylift'], ownFeatures);
    if (node === NS_COMMANDS)
      return described(node, ['automation', 'command-list', 'Commands'], [NS_COMMANDS]);
    const command = mayRun.find(({ name }) => name === node);
    if (command === undefined) throw errorOf('item-not-found', `there is no node ${node}`);
    const { title } = command;
    const features = [NS_COMMANDS, 'jabber:x:data'];
    return described(node, ['automation', 'command-node', title], features);
  }

  async function items({ from, payload }: IncomingIq): Promise<Element> {
    const node = nodeIn(payload);
    const listed = node === NS_COMMANDS ? commands.list(from.bare) : [];
    const jid = self()?.toString();
    return xml(
      'query',
      { xmlns: NS_DISCO_ITEMS, node },
      ...listed.map(({ name, title }) => xml('item', { jid, node: name, name: title })),
    );
  }

  return { info, items };
}

function described(
  node: string | undefined,
  [category, type, name]: readonly [string, string, string],
  features: readonly string[],
): Element {
  return xml(
    'query',
    { xmlns: NS_DISCO_INFO, node },
    xml('identity', { category, type, name }),
    ...features.map((feature) => xml('feature', { var: feature })),
  );
}

function nodeIn({ attrs }: Element): string | undefined {
  const node: unknown = attrs['node'];
  return typeof node === 'string' && node !== '' ? node : undefined;
}
