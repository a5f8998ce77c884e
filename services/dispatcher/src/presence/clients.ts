import type { Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { LRUCache } from 'lru-cache';

const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info';

/** What people's clients can do (XEP-0030). */
export interface Clients {
  /** Never rejects: whoever does not answer in time can do nothing. @param jid full JID */
  supports(jid: string, feature: string): Promise<boolean>;
}

const nothing: ReadonlySet<string> = new Set();

/** Asks each client once, as long as it is among the `limit` asked last. */
export function createClients(
  session: Pick<Session, 'request'>,
  { limit = 1_000, timeoutMs = 2_000 } = {},
): Clients {
  const known = new LRUCache<string, Promise<ReadonlySet<string>>>({ max: limit });

  async function ask(to: string): Promise<ReadonlySet<string>> {
    try {
      const payload = xml('query', { xmlns: NS_DISCO_INFO });
      const answer = await session.request({ type: 'get', to, payload, timeoutMs });
      return featuresOf(answer);
    } catch {
      // Many answer with an error, and some not at all. To us that is the same.
      return nothing;
    }
  }

  return {
    async supports(jid, feature) {
      const asked = known.get(jid) ?? ask(jid);
      known.set(jid, asked);
      return (await asked).has(feature);
    },
  };
}

function featuresOf(query: Element | undefined): ReadonlySet<string> {
  const features = query?.getChildren('feature', NS_DISCO_INFO) ?? [];
  return new Set(
    features.map(({ attrs }): unknown => attrs['var']).filter((name) => typeof name === 'string'),
  );
}
