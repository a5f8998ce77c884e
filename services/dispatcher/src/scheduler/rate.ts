/** Counts what happens, for "how many a second lately". */
export interface RateMeter {
  count(): void;
  perSecond(): number;
}

/** @param now in milliseconds */
export function createRateMeter(now: () => number, windowSeconds = 30): RateMeter {
  const began = now();
  /** How many there were in each of the last seconds. */
  const seconds = new Map<number, number>();
  const secondOf = (time: number) => Math.floor(time / 1_000);

  function sweep(): void {
    const oldest = secondOf(now()) - windowSeconds;
    for (const second of seconds.keys()) if (second < oldest) seconds.delete(second);
  }

  return {
    count() {
      const second = secondOf(now());
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
      if (seconds.size > windowSeconds + 1) sweep();
    },
    perSecond() {
      sweep();
      const sum = [...seconds.values()].reduce((total, count) => total + count, 0);
      const elapsed = Math.min(windowSeconds, (now() - began) / 1_000);
      return sum / Math.max(1, elapsed);
    },
  };
}
