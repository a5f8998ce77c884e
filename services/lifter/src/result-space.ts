import type { JobResult } from '@heavylift/jobs';
import { hasCondition, type PubSubNode } from '@heavylift/xmpp-pubsub';

/** Bytes that an item of results has on average, at most, whatever the largest are. */
export const BYTES_PER_ITEM = 16_384;
const LEAST_BYTES = 262_144;
/** Items that are asked for at once: of the largest size, they fit an answer. */
const BATCH = 16;

/** Keeps a lifter's items of results within their share of bytes: the oldest go. */
export interface ResultSpace {
  /** Notes what was written under an id, and makes room. */
  wrote(id: string, results: readonly JobResult[]): Promise<void>;
}

export interface ResultSpaceOptions {
  readonly node: Pick<PubSubNode<readonly JobResult[]>, 'items' | 'retract'>;
  /** Bare JID of the lifter, of which the ids are made. */
  readonly account: () => string;
  /** How many ids there are. */
  readonly size: number;
  /** @default 16 KiB for each id, but 256 KiB at least */
  readonly bytes?: number;
}

export function createResultSpace(options: ResultSpaceOptions): ResultSpace {
  const { node, account, size } = options;
  const { bytes: most = Math.max(LEAST_BYTES, size * BYTES_PER_ITEM) } = options;
  /** By id. */
  const sizes = new Map<string, number>();
  let total = 0;
  let loading: Promise<void> | undefined;

  function note(id: string, bytes: number): void {
    total += bytes - (sizes.get(id) ?? 0);
    if (bytes === 0) sizes.delete(id);
    else sizes.set(id, bytes);
  }

  /** What processes before this one have left. */
  function load(): Promise<void> {
    loading ??= read().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  async function read(): Promise<void> {
    for (let first = 0; first < size; first += BATCH) {
      const count = Math.min(BATCH, size - first);
      const ids = Array.from({ length: count }, (_, index) => `${account()}:${first + index}`);
      for (const { id, value, publisher } of await itemsOf(ids)) {
        // Another account's is no room of ours.
        const isOwn = publisher === undefined || publisher.bare === account();
        if (isOwn && !sizes.has(id)) note(id, bytesOf(value));
      }
    }
  }

  /** Some services refuse the whole request if one of several items is not there. */
  async function itemsOf(ids: readonly string[]) {
    try {
      return await node.items({ ids });
    } catch (error) {
      if (!hasCondition(error, 'item-not-found')) throw error;
      if (ids.length === 1) return [];
      const found: Awaited<ReturnType<typeof node.items>> = [];
      for (const id of ids) found.push(...(await itemsOf([id])));
      return found;
    }
  }

  return {
    async wrote(id, results) {
      note(id, bytesOf(results));
      await load();
      if (total <= most) return;
      for (const oldest of oldestFirst(id)) {
        if (total <= most) return;
        await node.retract(oldest, { notify: false }).catch((error: unknown) => {
          if (!hasCondition(error, 'item-not-found')) throw error;
        });
        note(oldest, 0);
      }
    },
  };

  /** Every other item: those of a ring that was left, then those behind the newest, round to it. */
  function oldestFirst(newest: string): readonly string[] {
    const at = newest.lastIndexOf(':') + 1;
    const [ring, place] = [newest.slice(0, at), Number(newest.slice(at))];
    const left = [...sizes.keys()].filter((id) => id.slice(0, id.lastIndexOf(':') + 1) !== ring);
    const behind = Array.from(
      { length: size - 1 },
      (_, step) => `${ring}${(place + 1 + step) % size}`,
    ).filter((id) => sizes.has(id));
    return [...left, ...behind];
  }
}

function bytesOf(results: readonly JobResult[]): number {
  return Buffer.byteLength(JSON.stringify(results)) + 200;
}
