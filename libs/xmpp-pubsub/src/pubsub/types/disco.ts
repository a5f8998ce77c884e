import type { Jid } from '../../jid.js';
import type { DataForm } from './form.js';

/** What an entity is (XEP-0030 section 3.1). */
export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

/** Answer to a disco#info request (XEP-0030 section 3). */
export interface DiscoInfo {
  readonly identities: readonly Identity[];
  readonly features: ReadonlySet<string>;
  /** XEP-0128 */
  readonly forms: readonly DataForm[];
}

/** One entry of a disco#items answer (XEP-0030 section 4). */
export interface DiscoItem {
  readonly jid: Jid;
  readonly node?: string;
  readonly name?: string;
}

/** A pubsub service found at a domain. */
export interface DiscoveredService {
  readonly jid: Jid;
  readonly info: DiscoInfo;
}

/** What {@link discoverPubSub} found. */
export interface Discovery {
  /** Entities that say they are a pubsub service (XEP-0060 section 5.1). */
  readonly services: readonly DiscoveredService[];
  /** Entities of the domain that gave no answer, so they may or may not be one. */
  readonly failed: readonly { readonly jid: Jid; readonly error: unknown }[];
}

/** A node as a service lists it (XEP-0060 section 5.2). */
export interface NodeSummary {
  readonly node: string;
  readonly name?: string;
}
