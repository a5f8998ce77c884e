import { accountOf } from '@heavylift/xmpp-pubsub/jid';
import type { JobEntry, Requester } from '../domain/job.js';

/**
 * Who counts as one requester, for limits and duplicates: the bare JID, whatever the device; in a room, the occupant.
 */
export function requesterKey({ jid, messageType }: Pick<Requester, 'jid' | 'messageType'>): string {
  if (messageType === 'groupchat') return jid;
  return accountOf(jid);
}

/** How many jobs there are, of each kind and of each requester. */
export interface Counts {
  readonly total: number;
  ofKind(kind: string): number;
  /** @param key as {@link requesterKey} gives it */
  ofRequester(key: string): number;
}

export interface Tally extends Counts {
  add(entry: JobEntry): void;
  remove(entry: JobEntry): void;
}

export function createTally(): Tally {
  const kinds = new Map<string, number>();
  const requesters = new Map<string, number>();
  let total = 0;

  function count(entry: JobEntry, by: 1 | -1): void {
    total += by;
    bump(kinds, entry.kind, by);
    bump(requesters, requesterKey(entry.requester), by);
  }

  return {
    get total() {
      return total;
    },
    ofKind: (kind) => kinds.get(kind) ?? 0,
    ofRequester: (key) => requesters.get(key) ?? 0,
    add: (entry) => count(entry, 1),
    remove: (entry) => count(entry, -1),
  };
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
