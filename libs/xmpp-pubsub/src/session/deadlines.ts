/** Many time-outs on one timer: a request costs a map entry, not a timer of its own. */
export interface Deadlines {
  /** @returns cancels it */
  add(ms: number, expired: () => void): () => void;
  /** Forgets all, and ends the timer. */
  clear(): void;
}

export function createDeadlines(): Deadlines {
  const entries = new Set<{ readonly at: number; readonly expired: () => void }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let armedFor = Number.POSITIVE_INFINITY;

  function arm(at: number) {
    clearTimeout(timer);
    armedFor = at;
    timer = setTimeout(sweep, Math.max(0, at - performance.now()));
  }

  function sweep() {
    armedFor = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...entries]) {
      if (entry.at > now) next = Math.min(next, entry.at);
      else if (entries.delete(entry)) entry.expired();
    }
    if (entries.size > 0 && next < armedFor) arm(next);
  }

  return {
    add(ms, expired) {
      const entry = { at: performance.now() + ms, expired };
      entries.add(entry);
      if (entry.at < armedFor) arm(entry.at);
      // The timer stays armed: most requests are answered long before, and it costs less to let it find nothing.
      return () => {
        entries.delete(entry);
      };
    },
    clear() {
      entries.clear();
      clearTimeout(timer);
      armedFor = Number.POSITIVE_INFINITY;
    },
  };
}
