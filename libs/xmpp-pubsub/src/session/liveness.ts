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

  function waitForIdle(): void {
    const idle = performance.now() - lastReceived();
    if (idle < intervalMs) {
      timer = setTimeout(waitForIdle, intervalMs - idle);
      return;
    }
    const pingedAt = performance.now();
    ping();
    const alive = () => lastReceived() >= pingedAt;
    timer = setTimeout(() => {
      if (alive()) return waitForIdle();
      timer = setTimeout(() => (alive() ? waitForIdle() : dead()), SECOND_LOOK_MS);
    }, timeoutMs);
  }

  waitForIdle();
  return () => clearTimeout(timer);
}
