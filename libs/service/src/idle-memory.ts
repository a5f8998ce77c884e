import { setFlagsFromString } from 'node:v8';
import type { Lifecycle } from './lifecycle.js';

/** How often it is looked whether the process has anything to do, in milliseconds. */
const intervalMs = 2_000;
/** A process that takes less of one processor than this has nothing to do. */
const idleShare = 0.05;

/**
 * Lets V8 give back what busy times have left of garbage and of room for more: two thirds of a service's memory.
 *
 * V8 does so by itself, a few seconds after the last collection, once a process allocates little. But of one that allocates nothing at all
 * it knows no rate, takes that for a high one, and waits for 100 s more. Told that size matters it does not ask for the rate. It must
 * not be told so while there is work: that would take half as much CPU time again.
 */
export function idleMemory(): Lifecycle {
  let timer: NodeJS.Timeout | undefined;
  let small = false;
  const preferSmall = (wanted: boolean): void => {
    if (wanted === small) return;
    small = wanted;
    setFlagsFromString(wanted ? '--optimize-for-size' : '--no-optimize-for-size');
  };
  return {
    name: 'idle memory',
    async start() {
      let last = cpuMs();
      let lookedAt = performance.now();
      timer = setInterval(() => {
        const cpu = cpuMs();
        const now = performance.now();
        preferSmall(cpu - last < idleShare * (now - lookedAt));
        last = cpu;
        lookedAt = now;
      }, intervalMs);
    },
    async stop() {
      clearInterval(timer);
      preferSmall(false);
    },
  };
}

/** CPU time of all threads so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
