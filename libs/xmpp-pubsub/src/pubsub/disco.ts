import xml from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { readJid } from '../jid.js';
import type { Session } from '../session/types.js';
import { readForm } from './form.js';
import { NS_DATA, NS_DISCO_INFO, NS_DISCO_ITEMS, NS_PUBSUB } from './namespaces.js';
import { walkPages } from './paging.js';
import {
  attribute,
  childrenOf,
  compact,
  malformed,
  requiredAttribute,
  requiredJid,
} from './read-xml.js';
import type { DiscoInfo, DiscoItem, DiscoveredService, Discovery } from './types/disco.js';
import type { PageOptions } from './types/node.js';
import type { RequestOptions } from './types/request.js';
import { timing } from './wire.js';

interface At {
  readonly node?: string;
}

interface Asking {
  readonly session: Session;
}

/** XEP-0030 section 3 */
export async function discoInfo(
  { session }: Asking,
  to: string,
  { node, ...options }: RequestOptions & At = {},
): Promise<DiscoInfo> {
  const payload = xml('query', compact({ xmlns: NS_DISCO_INFO, node }));
  const query = await session.request({ type: 'get', to, payload, ...timing(options) });
  if (query?.is('query', NS_DISCO_INFO) !== true) throw malformed('this is no disco#info', query);
  return {
    identities: childrenOf(query, 'identity').map((identity) => ({
      category: requiredAttribute(identity, 'category'),
      type: requiredAttribute(identity, 'type'),
      ...compact({ name: attribute(identity, 'name') }),
    })),
    features: new Set(
      childrenOf(query, 'feature').map((feature) => requiredAttribute(feature, 'var')),
    ),
    forms: childrenOf(query, 'x', NS_DATA).map(readForm),
  };
}

/** XEP-0030 section 4, by pages (section 4.4) */
export async function* discoItems(
  { session }: Asking,
  to: string,
  { node, pageSize = 100, ...options }: PageOptions & At = {},
): AsyncGenerator<DiscoItem[]> {
  const pages = walkPages(pageSize, async (set) => {
    const payload = xml('query', compact({ xmlns: NS_DISCO_ITEMS, node }), set);
    const query = await session.request({ type: 'get', to, payload, ...timing(options) });
    if (query?.is('query', NS_DISCO_ITEMS) !== true) {
      throw malformed('this is no disco#items', query);
    }
    return { entries: childrenOf(query, 'item'), container: query };
  });
  for await (const page of pages) {
    yield page.map((item) => ({
      jid: requiredJid(item, 'jid'),
      ...compact({ node: attribute(item, 'node'), name: attribute(item, 'name') }),
    }));
  }
}

/**
 * Finds the pubsub services of a domain: whatever among it and its items says that it is one (XEP-0060 section 5.1).
 * @throws XmppError as `Session.request` if the domain itself gives no answer
 */
export async function discoverPubSub(
  session: Session,
  domain: string,
  options: RequestOptions = {},
): Promise<Discovery> {
  const own = readJid(domain);
  if (own === undefined) throw new XmppError('invalid-option', `'${domain}' is no JID`);
  const candidates = [own];
  for await (const page of discoItems({ session }, domain, options)) {
    for (const { jid, node } of page) if (node === undefined) candidates.push(jid);
  }
  const services: DiscoveredService[] = [];
  const failed: { jid: DiscoveredService['jid']; error: unknown }[] = [];
  await Promise.all(
    candidates.map(async (jid) => {
      try {
        const info = await discoInfo({ session }, jid.toString(), options);
        if (isPubSub(info)) services.push({ jid, info });
      } catch (error) {
        failed.push({ jid, error });
      }
    }),
  );
  return { services, failed };
}

function isPubSub({ identities, features }: DiscoInfo): boolean {
  const says = identities.some(
    ({ category, type }) => category === 'pubsub' && (type === 'service' || type === 'pep'),
  );
  return says || [...features].some((feature) => feature === NS_PUBSUB);
}
