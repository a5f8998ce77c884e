import { randomUUID } from 'node:crypto';
import type { JobResult } from '@heavylift/jobs';
import { hasCondition, type Item, type PubSubNode } from '@heavylift/xmpp-pubsub';

/**
 * Where a lifter's next item of results goes: round and round the same ids, so that the oldest of its items is overwritten.
 *
 * Replacing an item costs a server the same however many there are. A new one beyond the node's limit does not: ejabberd, by default,
 * takes 2 ms for it at a node of a thousand.
 */
export interface ResultRing {
  /** Asks the node where this account's last process ended, once; so that the first result need not wait for it. */
  find(): Promise<void>;
  /** The id of the next item. Finds the place first, if that was not done. */
  next(): Promise<string>;
  /** The last id is another account's. The next ones are a ring of their own, under a name that nobody can foresee. */
  taken(): void;
  /** The results as they are to stand in the item whose id was given last: newer than all before, whatever the clock says. */
  ordered(results: readonly JobResult[]): readonly JobResult[];
  /** Whether the item holds these results, and not what it held before. */
  holds(id: string, results: readonly JobResult[]): Promise<boolean>;
}

/**
 * @param account bare JID of the lifter: nobody else should write under ids with that name
 * @param size how many items there are, at most
 * @param now milliseconds since 1970; it may go backwards
 */
export function createResultRing(
  node: Pick<PubSubNode<readonly JobResult[]>, 'items'>,
  account: () => string,
  size: number,
  now: () => number = Date.now,
): ResultRing {
  /** Of the next item, once found. */
  let place = 0;
  /** Of the newest item. */
  let order = 0;
  let finding: Promise<void> | undefined;
  let name = '';
  const idOf = (of: number) => `${account()}:${name}${of}`;

  async function read(id: string): Promise<Item<readonly JobResult[]> | undefined> {
    try {
      const items = await node.items({ ids: [id] });
      // What another account says there, nobody believes.
      return items.find((item) => item.id === id && item.publisher?.bare === account());
    } catch (error) {
      if (hasCondition(error, 'item-not-found')) return undefined;
      throw error;
    }
  }

  async function writtenAt(of: number): Promise<number | undefined> {
    const item = await read(idOf(of));
    if (item === undefined) return undefined;
    const written = Math.max(...item.value.map((result) => result.order ?? result.finished));
    order = Math.max(order, written);
    return written;
  }

  async function search(): Promise<void> {
    place = await oldestPlace(size, writtenAt);
  }

  function find(): Promise<void> {
    finding ??= search().catch((error: unknown) => {
      finding = undefined;
      throw error;
    });
    return finding;
  }

  return {
    find,
    async next() {
      await find();
      const id = idOf(place);
      place = (place + 1) % size;
      order = Math.max(order + 1, now());
      return id;
    },
    taken() {
      name = `${randomUUID()}:`;
      place = 0;
      finding = Promise.resolve();
    },
    ordered: (results) => results.map((result) => ({ ...result, order })),
    async holds(id, results) {
      const there = (await read(id))?.value ?? [];
      return results.every(({ job, attempt }) =>
        there.some((result) => result.job === job && result.attempt === attempt),
      );
    },
  };
}

/**
 * The place after the newest one, of places that are filled one after the other, round and round. A search by halves: from the first place
 * on times rise, up to the newest, and what comes after it is older than the first, or empty.
 * @param writtenAt undefined: nothing was written there
 */
export async function oldestPlace(
  size: number,
  writtenAt: (place: number) => Promise<number | undefined>,
): Promise<number> {
  const first = await writtenAt(0);
  if (first === undefined) return 0;
  let low = 1;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const at = await writtenAt(middle);
    if (at !== undefined && at >= first) low = middle + 1;
    else high = middle;
  }
  return low % size;
}
