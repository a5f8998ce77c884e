import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for the work, but no longer than `ms`. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const timeout = sleep(ms, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([work, timeout]);
  done.abort();
}
