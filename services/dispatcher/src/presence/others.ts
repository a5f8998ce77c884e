import { shutdownCodec } from '@heavylift/jobs';
import type { Session } from '@heavylift/xmpp-pubsub';
import { type Jid, parseJid } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';

export interface OthersPorts {
  readonly session: Pick<Session, 'request'>;
  /** Full JIDs of the live lifters. */
  readonly lifters: () => readonly string[];
  readonly onFailure: (to: string, error: unknown) => void;
}

/** The rest of the system, as far as it can be told to end: the lifters, and whoever else is online as the bot. */
export function createOthers({ session, lifters, onFailure }: OthersPorts) {
  const ownResources = new Set<string>();

  return {
    /** To be given every presence. The server tells each resource of an account about its others (RFC 6121 section 4.2.2). */
    presence(stanza: Element, self: Jid): void {
      const from = parseJid(String(stanza.attrs['from']));
      if (from.bare !== self.bare || from.equals(self)) return;
      if (stanza.attrs['type'] === undefined) ownResources.add(from.toString());
      if (stanza.attrs['type'] === 'unavailable') ownResources.delete(from.toString());
    },
    /** Nothing is known after a break: the server tells it anew. */
    forget(): void {
      ownResources.clear();
    },
    /** Tells them to end; how many they are. Lifters come first: there is still somebody to tell their last results. */
    shutdown(by: string): number {
      const all = [...lifters(), ...ownResources];
      for (const to of all) {
        session
          .request({ type: 'set', to, payload: shutdownCodec.encode({ by }) })
          .catch((error: unknown) => onFailure(to, error));
      }
      return all.length;
    },
  };
}
