import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 40_000;

/** Looks again and again until there is a value. */
export async function eventually<T>(what: string, look: () => T | undefined): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > giveUpAt) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await sleep(20);
  }
}
