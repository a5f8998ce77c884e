/** A pause that is longer was set by a clock that has been put back since. */
const longestMs = 60_000;

/**
 * Orders that a dispatcher refuses for now wait together. Each with a pause of its own would come again
 * alone, and a thousand of them would take a thousand requests.
 */
export interface SharedPause {
  /** Milliseconds that are left of it; 0 if there is none. */
  left(): number;
  /**
   * Begins one, unless one has begun.
   * @returns how long to wait, in milliseconds
   */
  begin(ms: number): number;
}

/** @param now milliseconds; only differences count */
export function createSharedPause(now: () => number): SharedPause {
  let until = Number.NEGATIVE_INFINITY;

  function left(): number {
    const ms = until - now();
    return ms > 0 && ms <= longestMs ? ms : 0;
  }

  return {
    left,
    begin(ms) {
      const running = left();
      if (running > 0) return running;
      until = now() + ms;
      return ms;
    },
  };
}
