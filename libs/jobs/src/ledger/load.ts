import type { JobEntry } from '../domain/job.js';
import { requesterKey } from '../policies/tally.js';

/** Bytes that open jobs take in the ledger. */
export interface Load {
  readonly total: number;
  /** @param requester as `requesterKey` gives it */
  of(requester: string): number;
  /** @param bytes more than before; less, if negative */
  add(entry: JobEntry, bytes: number): void;
}

export function createLoad(): Load {
  const requesters = new Map<string, number>();
  let total = 0;
  return {
    get total() {
      return total;
    },
    of: (requester) => requesters.get(requester) ?? 0,
    add({ requester }, bytes) {
      total += bytes;
      const key = requesterKey(requester);
      const left = (requesters.get(key) ?? 0) + bytes;
      if (left === 0) requesters.delete(key);
      else requesters.set(key, left);
    },
  };
}
