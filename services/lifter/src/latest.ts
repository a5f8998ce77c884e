/** Calls at most once an interval, always with the latest value. */
export interface Latest<T> {
  push(value: T): void;
  /** Forgets what still waits; nothing is called after this. */
  close(): void;
}

/**
 * The first value goes out at once, what comes within `intervalMs` after it waits, the latest pushing out
 * the one before. The timer does not keep the process alive.
 */
export function latest<T>(intervalMs: number, deliver: (value: T) => void): Latest<T> {
  let waiting: { readonly value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let deliveredAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting) return;
    const { value } = waiting;
    waiting = undefined;
    deliveredAt = performance.now();
    deliver(value);
  };

  return {
    push(value) {
      if (closed) return;
      waiting = { value };
      // By the clock and not by the timer alone: a loop that never yields lets no timer run.
      const dueInMs = deliveredAt + intervalMs - performance.now();
      if (dueInMs <= 0) flush();
      else timer ??= setTimeout(flush, dueInMs).unref();
    },
    close() {
      closed = true;
      waiting = undefined;
      clearTimeout(timer);
    },
  };
}
