export interface Retractions {
  add(itemIds: readonly string[]): void;
  next(): string | undefined;
  done(itemId: string): void;
  failed(itemId: string): void;
}

/** An item that the service refuses to retract so often is left alone until the ledger is opened anew. It does not count anyway. */
const MAX_TRIES = 3;

/** Items to retract, in order, each handed out once; one that failed is handed out again after others have been added. */
export function createRetractions(initial: readonly string[]): Retractions {
  const waiting: string[] = [...initial];
  const tries = new Map<string, number>();
  let later: string[] = [];

  return {
    add(itemIds) {
      if (itemIds.length === 0) return;
      waiting.push(...later, ...itemIds);
      later = [];
    },

    next() {
      const itemId = waiting.shift();
      if (itemId !== undefined) tries.set(itemId, (tries.get(itemId) ?? 0) + 1);
      return itemId;
    },

    done(itemId) {
      tries.delete(itemId);
    },

    failed(itemId) {
      const tried = tries.get(itemId);
      if (tried === undefined) return;
      if (tried < MAX_TRIES) later.push(itemId);
      else tries.delete(itemId);
    },
  };
}
