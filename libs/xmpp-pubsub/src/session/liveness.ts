/** Time after which to look again when the process itself was asleep: what had arrived meanwhile must be read first. */
const SECOND_LOOK_MS = 50;

export interface LivenessContext {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** When something was last received, on the clock of `performance.now()`. */
  readonly lastReceived: () => number;
  readonly ping: () => void;
  readonly dead: () => void;
}

/**
 * Pings an idle connection; whatever arrives counts as life. A dead one is noticed within `intervalMs + timeoutMs`.
 * @returns ends the watch
 */
export function watchLiveness(context: LivenessContext): () => void {
  const { intervalMs, timeoutMs, lastReceived, ping, dead } = context;
  let timer: ReturnType<typeof setTimeout>;
  let pingedAt: number | undefined;
  let lookedTwice = false;

  function look(): void {
    const now = performance.now();
    const wait = lastReceived() >= (pingedAt ?? 0) ? whileAlive(now) : whileSilent(now);
    if (wait === 'dead') dead();
    else timer = setTimeout(look, wait);
  }

  function whileAlive(now: number): number {
    pingedAt = undefined;
    lookedTwice = false;
    const idle = now - lastReceived();
    if (idle < intervalMs) return intervalMs - idle;
    pingedAt = now;
    ping();
    return Math.min(timeoutMs, intervalMs);
  }

  function whileSilent(now: number): number | 'dead' {
    const left = (pingedAt ?? now) + timeoutMs - now;
    if (left > 0) return Math.min(left, intervalMs);
    if (lookedTwice) return 'dead';
    lookedTwice = true;
    return SECOND_LOOK_MS;
  }

  look();
  return () => clearTimeout(timer);
}
