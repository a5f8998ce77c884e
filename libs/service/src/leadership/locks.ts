import {
  type BareJid,
  hasCondition,
  isXmppError,
  type NodeConfig,
  type PubSubService,
} from '@heavylift/xmpp-pubsub';
import { type LeaderRole, readEpoch } from './mark.js';
import type { Leader } from './types.js';

/**
 * The locks of a role: one node an epoch. To make a node is the only thing that a pubsub service does for exactly one of several who
 * try (XEP-0060 section 8.1). A lock is owned by the account, and its title is the full JID of who took it.
 *
 * Anybody who may make nodes can make one of that name, and make this account an owner of it beside himself. So a lock counts only if
 * this account is its only owner: who makes a node owns it, and only owners make owners.
 */
export interface Locks {
  readonly nameOf: (epoch: number) => string;
  /** Epochs that have a lock of this account, the highest first. */
  epochs(): Promise<readonly number[]>;
  /** The lock of the highest epoch. */
  highest(): Promise<Leader | undefined>;
  /** @returns whether it was made by this call */
  take(epoch: number, jid: string): Promise<boolean>;
  remove(epoch: number): Promise<void>;
  /** Deletes what others made in the name of a lock, as far as the service lets us. @returns the names */
  removeForeign(): Promise<readonly string[]>;
}

/** Nobody reads or writes there; the node itself is all. */
const lockConfig: NodeConfig = { accessModel: 'whitelist', publishModel: 'publishers' };

export function openLocks(
  pubsub: PubSubService,
  nodePrefix: string,
  role: LeaderRole,
  account: () => BareJid | undefined,
): Locks {
  const prefix = `${nodePrefix}lock/${role}/`;
  const nameOf = (epoch: number) => `${prefix}${epoch}`;
  /** Found to be ours alone. They stay so: nobody else can make another owner, or delete them. */
  let ours: ReadonlySet<number> = new Set();
  let foreign: readonly number[] = [];

  async function whose(epoch: number): Promise<'ours' | 'foreign' | 'gone'> {
    if (ours.has(epoch)) return 'ours';
    try {
      const affiliations = await pubsub.node(nameOf(epoch)).affiliations();
      const owners = affiliations.filter(({ affiliation }) => affiliation === 'owner');
      return owners.length === 1 && owners[0]?.jid.bare === account() ? 'ours' : 'foreign';
    } catch (error) {
      if (hasCondition(error, 'item-not-found')) return 'gone';
      if (hasCondition(error, 'forbidden', 'not-allowed')) return 'foreign';
      throw error;
    }
  }

  async function epochs(): Promise<readonly number[]> {
    const found: number[] = [];
    for (const name of await ownNodes(pubsub)) {
      const epoch = name.startsWith(prefix) ? readEpoch(name.slice(prefix.length)) : undefined;
      if (epoch !== undefined) found.push(epoch);
    }
    const checked = await Promise.all(
      found.map(async (epoch) => ({ epoch, is: await whose(epoch) })),
    );
    foreign = checked.filter(({ is }) => is === 'foreign').map(({ epoch }) => epoch);
    const own = checked.filter(({ is }) => is === 'ours').map(({ epoch }) => epoch);
    ours = new Set(own);
    return own.sort((a, b) => b - a);
  }

  async function remove(epoch: number): Promise<void> {
    try {
      await pubsub.node(nameOf(epoch)).delete();
    } catch (error) {
      if (!hasCondition(error, 'item-not-found')) throw error;
    }
  }

  return {
    nameOf,
    epochs,
    remove,
    async highest() {
      const [epoch] = await epochs();
      if (epoch === undefined) return undefined;
      const { title = '' } = await pubsub.node(nameOf(epoch)).config();
      return { epoch, jid: title };
    },
    async take(epoch, jid) {
      try {
        await pubsub.node(nameOf(epoch)).create({ ...lockConfig, title: jid });
        return true;
      } catch (error) {
        if (hasCondition(error, 'conflict')) return false;
        throw error;
      }
    },
    async removeForeign() {
      const removed: string[] = [];
      for (const epoch of foreign) {
        try {
          // Its other owner may have left it to us since: the next look will count it.
          if ((await whose(epoch)) !== 'foreign') continue;
          await remove(epoch);
          removed.push(nameOf(epoch));
        } catch (error) {
          if (!hasCondition(error, 'forbidden', 'not-allowed')) throw error;
        }
      }
      return removed;
    },
  };
}

/**
 * The own affiliations are few and complete, whereas a list of all nodes may be long, and cut short by the service. Services that do not
 * tell affiliations do tell all nodes.
 */
async function ownNodes(pubsub: PubSubService): Promise<string[]> {
  try {
    const affiliations = await pubsub.affiliations();
    return affiliations
      .filter(({ affiliation }) => affiliation === 'owner')
      .map(({ node }) => node);
  } catch (error) {
    if (!hasCondition(error, 'service-unavailable', 'feature-not-implemented')) throw error;
    const names: string[] = [];
    for await (const { node } of pubsub.nodes()) names.push(node);
    return names;
  }
}

/** What is ordinary in a race: the service had two transactions at once, and let neither or one of them through. */
export function isRace(error: unknown): boolean {
  return hasCondition(error, 'internal-server-error', 'item-not-found');
}

/** What the operator has to put right, as far as the error shows it. */
export function hintFor(error: unknown, account: string, pubsub: PubSubService): string {
  if (hasCondition(error, 'forbidden', 'not-allowed')) {
    return `${account} must be allowed to create nodes at ${pubsub.jid} (ejabberd: access_createnode)`;
  }
  if (hasCondition(error, 'service-unavailable', 'remote-server-not-found')) {
    return `there is no pubsub service at ${pubsub.jid}, or not yet`;
  }
  return isXmppError(error, 'timeout') ? `${pubsub.jid} does not answer` : 'trying again may help';
}
