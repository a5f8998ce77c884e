import { setTimeout as sleep } from 'node:timers/promises';

/** Ends waits early. */
export interface Bell {
  ring(): void;
  /** Aborted at the next ring. */
  readonly signal: AbortSignal;
}

export function createBell(): Bell {
  let next = new AbortController();
  return {
    ring() {
      const rung = next;
      next = new AbortController();
      rung.abort();
    },
    get signal() {
      return next.signal;
    },
  };
}

/** Resolves after `ms`, or when the signal aborts: at once if it has. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
