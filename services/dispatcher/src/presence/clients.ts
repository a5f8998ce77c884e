import type { Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { LRUCache } from 'lru-cache';

const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';

/** What people's clients can do (XEP-0030). */
export interface Clients {
  /** Never rejects: whoever does not answer in time can do nothing. @param jid full JID */
  supports(jid: string, feature: string): Promise<boolean>;
}

/** Asks each client once, as long as it is among the `limit` asked last. */
export function createClients(
  session: Pick<Session, 'request'>,
  { limit = 1_000, timeoutMs = 2_000 } = {},
): Clients {
  // The answers alone: what a client says of itself may be long.
  const known = new LRUCache<string, Promise<boolean>>({ max: limit });

  async function ask(to: string, feature: string): Promise<boolean> {
    try {
      const payload = xml('query', { xmlns: NS_DISCO_INFO });
      const answer = await session.request({ type: 'get', to, payload, timeoutMs });
      return hasFeature(answer, feature);
    } catch {
      // Many answer with an error, and some not at all. To us that is the same.
      return false;
    }
  }

  return {
    async supports(jid, feature) {
      const question = `${feature} ${jid}`;
      const asked = known.get(question) ?? ask(jid, feature);
      known.set(question, asked);
      return asked;
    },
  };
}

function hasFeature(query: Element | undefined, feature: string): boolean {
  const features = query?.getChildren('feature', NS_DISCO_INFO) ?? [];
  return features.some(({ attrs }) => attrs['var'] === feature);
}
