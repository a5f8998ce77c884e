import xml, { type Element } from '@xmpp/xml';
import type { Session } from '../session/types.js';
import { NS_CAPS, NS_DISCO_INFO } from './namespaces.js';
import { attribute, compact } from './read-xml.js';
import type { Identity } from './types/disco.js';

export interface InterestOptions {
  /** Nodes whose events are wanted. */
  readonly nodes: readonly string[];
  /** Further features of this client. */
  readonly features?: readonly string[];
  /** What this client is. @default `client/bot` */
  readonly identity?: Identity;
  /** URI of the software. @default `urn:heavylift:xmpp-pubsub` */
  readonly software?: string;
}

export interface Interest {
  /** What to put into each presence: the server sends events to those whose presence asks for them. */
  capabilities(): Element;
  /** Stops answering for it. */
  stop(): void;
}

/**
 * Asks for events of the PEP nodes of the own account and its contacts, without subscribing to each:
 * filtered notifications (XEP-0060 section 9.2, XEP-0163 section 3), announced by entity capabilities (XEP-0115).
 * From then on disco#info requests to this session are answered; a client that answers them itself cannot use this.
 *
 * @example
 * const interest = await announceInterest(session, { nodes: ['urn:example:mood'] });
 * await session.send(xml('presence', {}, interest.capabilities()));
 */
export async function announceInterest(
  session: Session,
  {
    nodes,
    features = [],
    identity = { category: 'client', type: 'bot' },
    software = 'urn:heavylift:xmpp-pubsub',
  }: InterestOptions,
): Promise<Interest> {
  const wanted = nodes.map((node) => `${node}+notify`);
  // XEP-0115 section 5.1 wants them sorted, each once.
  const all = [...new Set([NS_DISCO_INFO, NS_CAPS, ...features, ...wanted])].sort();
  const version = await verification(identity, all);

  const stop = session.handle('get', 'query', NS_DISCO_INFO, async ({ payload }) =>
    xml(
      'query',
      compact({ xmlns: NS_DISCO_INFO, node: attribute(payload, 'node') }),
      xml('identity', compact({ ...identity })),
      ...all.map((feature) => xml('feature', { var: feature })),
    ),
  );

  return {
    capabilities: () => xml('c', { xmlns: NS_CAPS, hash: 'sha-1', node: software, ver: version }),
    stop,
  };
}

/** XEP-0115 section 5.1. SHA-1 is what servers know; nothing secret depends on it. */
async function verification(
  { category, type, name = '' }: Identity,
  features: readonly string[],
): Promise<string> {
  const text = `${category}/${type}//${name}<${features.map((feature) => `${feature}<`).join('')}`;
  const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
