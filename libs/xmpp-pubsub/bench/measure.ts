import { performance } from 'node:perf_hooks';
import type { Contender } from './contender.js';

/** What one contender did in one turn. */
export interface Turn {
  readonly items: number;
  /** From the first publish to the last confirmation, in milliseconds. */
  readonly publishing: number;
  /** From the first publish to the last event, in milliseconds. */
  readonly hearing: number;
  /** From the call of publish to its confirmation, of each item, in milliseconds. */
  readonly confirmations: readonly number[];
  /** From the call of publish to the event at the subscriber, of each item, in milliseconds. */
  readonly events: readonly number[];
  /** CPU time of this process, both sessions included, in microseconds. */
  readonly cpu: number;
}

export type TakeTurn = (ms: number, inFlight: number) => Promise<Turn>;

const TEXT = 'x'.repeat(400);

/** Lets a contender publish for some milliseconds with so many in flight, turn by turn; a turn ends when the event of each item is there. */
export function turns(contender: Contender): TakeTurn {
  const started = new Map<string, number>();
  let events: number[] = [];
  let lastEvent = 0;
  let isThere = false;
  let next = 0;
  let heard: () => void = () => undefined;
  contender.onEvent((id) => {
    isThere = true;
    const since = started.get(id);
    if (since === undefined) return;
    started.delete(id);
    lastEvent = performance.now();
    events.push(lastEvent - since);
    heard();
  });

  return async (ms, inFlight) => {
    // Events come once the server has taken note that the subscriber is there.
    for (let attempt = 0; !isThere; attempt++) {
      await contender.publish(`attempt-${attempt}`, TEXT);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const confirmations: number[] = [];
    events = [];
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    const lane = async () => {
      while (performance.now() - began < ms) {
        const id = `${next++}`;
        const since = performance.now();
        started.set(id, since);
        await contender.publish(id, TEXT);
        confirmations.push(performance.now() - since);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    const confirmed = performance.now();
    await new Promise<void>((resolve) => {
      heard = () => {
        if (started.size === 0) resolve();
      };
      heard();
    });
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      items: confirmations.length,
      publishing: confirmed - began,
      hearing: lastEvent - began,
      confirmations,
      events,
      cpu: user + system,
    };
  };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
