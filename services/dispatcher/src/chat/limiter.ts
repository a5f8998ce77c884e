import { LRUCache } from 'lru-cache';

export interface LimiterOptions {
  /** How many may come at once. */
  readonly burst: number;
  /** How many may come in the long run. */
  readonly perSecond: number;
  /** Senders that are remembered, at most. */
  readonly senders: number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** `slow-down`: the first that is too much, to be answered so. `silent`: one more. */
export type Verdict = 'served' | 'slow-down' | 'silent';

interface Bucket {
  tokens: number;
  at: number;
  empty: boolean;
}

/** A bucket of tokens for each sender. Once it is empty, it has to be half full before anything is taken from it again. */
export function createLimiter({ burst, perSecond, senders, now }: LimiterOptions) {
  const buckets = new LRUCache<string, Bucket>({ max: senders });
  const enoughAgain = Math.max(1, burst / 2);

  return {
    /** @param count how many come at once; not more than the burst */
    take(sender: string, count = 1): Verdict {
      // Should the clock be set back, nobody has to wait until it is where it was.
      const at = now();
      const known = buckets.get(sender) ?? { tokens: burst, at, empty: false };
      const tokens = Math.min(
        burst,
        known.tokens + (Math.max(0, at - known.at) * perSecond) / 1_000,
      );
      const wasEmpty = known.empty && tokens < enoughAgain;
      const served = !wasEmpty && tokens >= count;
      buckets.set(sender, { tokens: served ? tokens - count : tokens, at, empty: !served });
      if (served) return 'served';
      return wasEmpty ? 'silent' : 'slow-down';
    },
  };
}

export type Limiter = ReturnType<typeof createLimiter>;
