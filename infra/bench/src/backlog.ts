import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '@heavylift/testbed';
import { processesOf } from './measure.js';
import type { System } from './system.js';
import { measureUsage, type Taken } from './usage-over.js';

export interface Backlog {
  /** Jobs accepted a second while nothing waited, and with the backlog in place. */
  readonly emptyRate: number;
  readonly fullRate: number;
  /** From the SIGKILL of the dispatcher until it accepts again, in milliseconds; its start as a process included. */
  readonly restartMs: number;
  /** Jobs done a second once slots are free. */
  readonly drainRate: number;
  /** Jobs told after one that was accepted later, by more than there are slots. */
  readonly outOfOrder: number;
  readonly untold: number;
  /** While the queue was filled, and from the restart until it had run empty. */
  readonly filling: readonly Taken[];
  readonly emptying: readonly Taken[];
}

/** How many requests wait for their answer while jobs are being accepted. */
const inFlight = 256;
const answerLimitMs = 120_000;
const drainLimitMs = 120_000;

/**
 * Fills the queue while no slot is free, restarts the dispatcher, and lets the queue run empty.
 * @param slots of all lifters: so many jobs hold them until the queue is full
 */
export async function backlog(system: System, size: number, slots: number): Promise<Backlog> {
  const held = [...Array(slots).keys()];
  await accept(system, held.length, 'hold ms=3600000');
  const filled = await measureUsage(await processesOf(system));
  const tenth = Math.floor(size / 10);
  const emptyRate = await accept(system, tenth, 'noop');
  await accept(system, size - 2 * tenth, 'noop');
  const fullRate = await accept(system, tenth, 'noop');

  const filling = await filled();

  const killed = now();
  const [dispatcher] = system.crew.of('dispatcher');
  dispatcher?.signal('SIGKILL');
  const restartMs = (await acceptedAgain(system)) - killed;

  const emptied = await measureUsage(await processesOf(system));
  // Those that hold the slots are cancelled: lifters that are told to stop would hand them back.
  const before = toldCount(system);
  const draining = now();
  for (const { text, number } of system.jobs.values())
    if (text !== 'noop' && number !== undefined) await system.requester.ask(`cancel ${number}`);
  for (const limit = now() + drainLimitMs; untold(system) > 0 && now() < limit; ) await sleep(50);
  const drainRate = ((toldCount(system) - before) / (now() - draining)) * 1_000;
  return {
    emptyRate,
    fullRate,
    restartMs,
    drainRate,
    outOfOrder: outOfOrder(system, slots),
    untold: untold(system),
    filling,
    emptying: await emptied(),
  };
}

const toldCount = ({ jobs }: System): number =>
  [...jobs.values()].filter(({ told }) => told !== undefined).length;

/** Accepted and not told. A request without an answer, such as one that a killed dispatcher had heard, is not waited for. */
function untold({ jobs }: System): number {
  let count = 0;
  for (const { answered, told } of jobs.values())
    if (answered !== undefined && told === undefined) count += 1;
  return count;
}

/** @returns jobs accepted a second */
async function accept(system: System, count: number, text: string): Promise<number> {
  const began = now();
  const before = system.answered.count;
  const refusedBefore = system.refused.count;
  let sent = 0;
  const done = () => system.answered.count - before + system.refused.count - refusedBefore;
  for (const limit = now() + answerLimitMs; done() < count && now() < limit; ) {
    while (sent < count && sent - done() < inFlight) {
      await system.ask(text);
      sent += 1;
    }
    await sleep(2);
  }
  if (system.refused.count > refusedBefore)
    throw new Error(`Not everything was accepted: ${system.refused.last}`);
  return (done() / (now() - began)) * 1_000;
}

async function acceptedAgain(system: System): Promise<number> {
  const before = system.answered.count;
  for (const limit = now() + answerLimitMs; system.answered.count === before && now() < limit; ) {
    await system.ask('noop');
    await sleep(50);
  }
  return now();
}

/** Told in the order of their numbers, but for those that run at the same time. */
function outOfOrder({ jobs }: System, slots: number): number {
  const inOrder = [...jobs.values()]
    .filter(({ told, number }) => told !== undefined && number !== undefined)
    .toSorted((a, b) => (a.told ?? 0) - (b.told ?? 0))
    .map(({ number = 0 }) => number)
    .slice(slots + 50);
  let highest = 0;
  let late = 0;
  for (const number of inOrder) {
    if (number < highest - 2 * slots - 64) late += 1;
    highest = Math.max(highest, number);
  }
  return late;
}
