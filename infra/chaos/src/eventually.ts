import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '@heavylift/testbed';

/** Waits until something is so. @returns whether it was in time */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  for (const limit = now() + timeoutMs; now() < limit; await sleep(100))
    if (await isSo()) return true;
  return isSo();
}
