import { ownText } from '@heavylift/jobs';
import { LRUCache } from 'lru-cache';
import type { Brought } from '../desk.js';

/** Messages that are remembered, at most. */
const most = 10_000;
/** Clients' ids are much shorter. What is longer is not remembered, so that nobody fills the memory. */
const longestId = 256;

/** Remembers what came of the messages that were answered last, for those that correct one or take one back. */
export function createCameOf() {
  const messages = new LRUCache<string, Promise<Brought | undefined>>({ max: most });
  const keyOf = (who: string, id: string) => `${who}\n${id}`;

  return {
    /** A message is being answered. To be called with what came of it, or without anything if that is not known. */
    begin(who: string, ids: readonly (string | undefined)[]): (brought?: Brought) => void {
      let settle: (brought?: Brought) => void = () => undefined;
      const came = new Promise<Brought | undefined>((resolve) => {
        settle = resolve;
      });
      for (const id of ids)
        if (id !== undefined && id.length <= longestId) messages.set(ownText(keyOf(who, id)), came);
      return settle;
    },
    /** What came of a message, once it has been answered. */
    of: (who: string, id: string): Promise<Brought | undefined> =>
      messages.get(keyOf(who, id)) ?? Promise.resolve(undefined),
  };
}
