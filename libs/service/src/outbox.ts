import { randomUUID } from 'node:crypto';

/** Publishes what must not be lost: again and again, until the service has confirmed it. */
export interface Outbox<T> {
  /** How much is not yet confirmed. */
  readonly size: number;
  add(entry: T): void;
  /** Tells that `isOpen` may have become true: goes on at once instead of after the wait. */
  resume(): void;
  /** Resolves when everything added so far is confirmed, or withheld; or when it is closed. */
  emptied(): Promise<void>;
  /** Ends it. @returns what is not confirmed */
  close(): readonly T[];
}

export interface OutboxOptions<T> {
  /** Whether publishing makes sense now. */
  readonly isOpen: () => boolean;
  /** Whether the entry may be said, as things stand now; asked before every attempt to publish it. @default always */
  readonly isValid?: (entry: T) => boolean;
  /** The id of the next item. Asked again if it fails, as a publish is. @default a random one */
  readonly newItemId?: () => Promise<string>;
  /** Resolves when the service has the item. */
  readonly publish: (itemId: string, entries: readonly T[]) => Promise<void>;
  /**
   * Whether the service has an item whose publish brought no answer. Asked before it is published again: an item that is there
   * shall neither be announced twice nor be overwritten by what is left of it.
   * @default never
   */
  readonly hasArrived?: (itemId: string) => Promise<boolean>;
  /**
   * Whether the service refused the item for its id, as another account has that one: the next attempt is under another.
   * @default never
   */
  readonly isIdTaken?: (error: unknown) => boolean;
  /**
   * Whether the service would refuse the same entries however often. They are tried one by one then, so that one of them does not hold
   * up the others; what is refused alone is given to `onHopeless`, and what that returns goes in its place.
   * @default never
   */
  readonly isHopeless?: (error: unknown) => boolean;
  readonly onHopeless?: (entry: T, error: unknown) => T | undefined;
  /** Bytes an entry takes in an item, roughly. */
  readonly sizeOf: (entry: T) => number;
  readonly onWithheld?: (entry: T) => void;
  readonly onRetry?: (error: unknown, entries: readonly T[], retryInMs: number) => void;
  /** Entries an item holds, at most. @default 64 */
  readonly maxEntries?: number;
  /** Bytes an item holds, at most, unless a single entry has more. @default 49_152 */
  readonly maxBytes?: number;
  /** Time from one publish to the next at least, in milliseconds: what comes in between goes together. @default 0 */
  readonly spacingMs?: number;
  /**
   * After an item of several entries it rests for three times as long as that one took, but no longer than this, in milliseconds, or
   * until there is enough for a full item: the busier the server, the fewer and fuller the items. Where entries come one by one, there is no rest.
   * @default 0: no rest
   */
  readonly longestRestMs?: number;
  /** The first waits for what else is added in the same turn of the event loop. @default false: it goes alone */
  readonly byTurn?: boolean;
  /** Bounds of the wait after a failure, in milliseconds. @default 250 and 10_000 */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
}

interface Batch<T> {
  /** Kept over all attempts, so that a second arrival is the same item. */
  itemId: string | undefined;
  entries: readonly T[];
  /** An attempt brought no answer: it may be there. */
  tried: boolean;
}

/** Of publishing and resting, a quarter of the time is for publishing. */
const restFactor = 3;

/** One item is in flight at a time; what is added meanwhile goes into the next one together. */
export function createOutbox<T>(options: OutboxOptions<T>): Outbox<T> {
  const { isOpen, publish, hasArrived, sizeOf, onWithheld, onRetry } = options;
  const { isValid = () => true, newItemId, onHopeless } = options;
  const { isIdTaken = () => false, isHopeless = () => false } = options;
  const { maxEntries = 64, maxBytes = 49_152, spacingMs = 0, longestRestMs = 0 } = options;
  const { byTurn = false } = options;
  const { initialMs, maxMs } = options.backoff ?? { initialMs: 250, maxMs: 10_000 };
  const waiting: T[] = [];
  let batch: Batch<T> | undefined;
  /** So many of those that wait go one by one. */
  let alone = 0;
  let pumping = false;
  let closed = false;
  /** When the next publish may be begun. */
  let earliest = 0;
  /** Until then only a full item is published. */
  let restUntil = 0;
  let pausing = false;
  let endWait: () => void = () => undefined;
  let onEmpty: (() => void)[] = [];

  function nextBatch(): Batch<T> | undefined {
    if (waiting.length === 0) return undefined;
    if (alone > 0) {
      alone -= 1;
      return { itemId: undefined, entries: waiting.splice(0, 1), tried: false };
    }
    let bytes = 0;
    const full = waiting.slice(0, maxEntries).findIndex((entry, index) => {
      bytes += sizeOf(entry);
      return index > 0 && bytes > maxBytes;
    });
    const entries = waiting.splice(0, full === -1 ? maxEntries : full);
    return { itemId: undefined, entries, tried: false };
  }

  async function deliver(current: Batch<T>): Promise<void> {
    if (current.itemId !== undefined && current.tried && (await hasArrived?.(current.itemId)))
      return;
    const valid = current.entries.filter(isValid);
    for (const entry of current.entries) if (!valid.includes(entry)) onWithheld?.(entry);
    current.entries = valid;
    if (valid.length === 0) return;
    const itemId = current.itemId ?? (newItemId ? await newItemId() : randomUUID());
    current.itemId = itemId;
    current.tried = true;
    await publish(itemId, valid);
  }

  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    if (byTurn) await new Promise(setImmediate);
    let failures = 0;
    while (!closed && isOpen() && size() > 0) {
      const early = dueIn();
      if (early > 0) {
        await pause(early);
        continue;
      }
      batch ??= nextBatch();
      if (batch === undefined) break;
      const current = batch;
      const began = performance.now();
      earliest = began + spacingMs;
      try {
        await deliver(current);
        batch = undefined;
        failures = 0;
        const took = performance.now() - began;
        if (current.entries.length > 1)
          restUntil = began + took + Math.min(restFactor * took, longestRestMs);
      } catch (error) {
        settleRefusal(current, error);
        const waitMs = Math.min(maxMs, initialMs * 2 ** failures++) * (0.5 + Math.random() / 2);
        onRetry?.(error, current.entries, waitMs);
        await wait(waitMs);
      }
    }
    // At once with the look at what waits: nothing can be added in between and be overlooked.
    pumping = false;
    settle();
  }

  function settleRefusal(refused: Batch<T>, error: unknown): void {
    if (isIdTaken(error)) {
      refused.itemId = undefined;
      refused.tried = false;
    } else if (isHopeless(error)) {
      batch = undefined;
      const [only, ...more] = refused.entries;
      if (more.length > 0) {
        waiting.unshift(...refused.entries);
        alone += refused.entries.length;
        return;
      }
      const replacement = only === undefined ? undefined : onHopeless?.(only, error);
      if (replacement !== undefined) waiting.unshift(replacement);
    }
  }

  function dueIn(): number {
    const isFull = waiting.length >= maxEntries;
    return Math.max(earliest, isFull ? 0 : restUntil) - performance.now();
  }

  async function pause(ms: number): Promise<void> {
    pausing = true;
    await wait(ms);
    pausing = false;
  }

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const size = () => waiting.length + (batch?.entries.length ?? 0);

  function settle(): void {
    if (size() > 0 && !closed) return;
    for (const resolve of onEmpty) resolve();
    onEmpty = [];
  }

  return {
    get size() {
      return size();
    },
    add(entry) {
      waiting.push(entry);
      if (pausing && waiting.length === maxEntries) endWait();
      void pump();
    },
    resume() {
      endWait();
      void pump();
    },
    emptied: () =>
      new Promise((resolve) => {
        onEmpty.push(resolve);
        settle();
      }),
    close() {
      closed = true;
      endWait();
      settle();
      return [...(batch?.entries ?? []), ...waiting];
    },
  };
}
