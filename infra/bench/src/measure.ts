import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs } from '@heavylift/job-client';
import { childrenOf, now } from '@heavylift/testbed';
import { quantile } from './stats.js';
import type { System, Timeline } from './system.js';
import { measureUsage, type Taken } from './usage-over.js';

export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * Jobs that are not counted. So many it takes until all of the code that a job passes has been compiled; up to then it takes twice the
 * time, and that is true once in a service's life.
 */
const warmUpJobs = 3_000;
/** They are not waited for longer than that. */
const warmUpMs = 60_000;

/** One job at a time: asked for, told, and the next. Milliseconds. */
export async function latency(system: System, ms: number): Promise<Latency> {
  const one = async (): Promise<number> => {
    const told = nextTold(system);
    await system.ask('noop');
    const { asked, told: at = Number.NaN } = await told;
    return at - asked;
  };
  const warm = now() + warmUpMs;
  for (let count = 0; count < warmUpJobs && now() < warm; count += 1) await one();
  const taken: number[] = [];
  for (const limit = now() + ms; now() < limit; ) taken.push(await one());
  return { count: taken.length, p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}

const nextTold = (system: System): Promise<Timeline> =>
  new Promise((resolve) => {
    system.onTold = resolve;
  });

export interface Throughput {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly entriesASheet: number;
  readonly usage: readonly Taken[];
}

/** How long the ledger is watched, in milliseconds. */
const watchMs = 1_000;

/** Somebody who asks for jobs. `onTold` is called with the milliseconds from asking to being told. */
export type Customer = (onTold: (taken: number) => void) => { ask(): Promise<void> };

/** A chat message each, there and back and back. */
export const chatUser =
  (system: System): Customer =>
  (onTold) => {
    system.onTold = ({ asked, told = Number.NaN }) => onTold(told - asked);
    return { ask: () => system.ask('noop') };
  };

/** By `@heavylift/job-client`. */
export const program =
  (jobs: Jobs): Customer =>
  (onTold) => ({
    async ask() {
      const asked = now();
      await jobs.submit('noop');
      onTold(now() - asked);
    },
  });

/** So many jobs asked for and not told, at any time. */
export async function throughput(
  system: System,
  customer: Customer,
  lifters: number,
  inFlight: number,
  ms: number,
): Promise<Throughput> {
  const times: number[] = [];
  let counting = false;
  let stopped = false;
  let open = 0;
  let told = 0;
  const failures: unknown[] = [];
  const { ask: askFor } = customer((taken) => {
    open -= 1;
    told += 1;
    if (counting) times.push(taken);
    if (!stopped) ask();
  });
  function ask(): void {
    open += 1;
    askFor().catch((error: unknown) => failures.push(error));
  }
  for (let count = 0; count < inFlight; count += 1) ask();
  // Each lifter is to have compiled its code, too.
  const warm = { told: told + warmUpJobs * lifters, until: now() + warmUpMs };
  while (told < warm.told && now() < warm.until) await sleep(50);
  const usage = await measureUsage(await processesOf(system));
  const began = now();
  counting = true;
  await sleep(ms);
  counting = false;
  const seconds = (now() - began) / 1_000;
  const taken = await usage();
  // Not while it is counted: a further reader of the ledger is work for the server.
  const entriesASheet = await system.entriesASheet(watchMs);
  stopped = true;
  for (const limit = now() + 30_000; open > 0 && now() < limit; ) await sleep(50);
  system.onTold = () => undefined;
  if (failures.length > 0) throw failures[0];
  return {
    perSecond: times.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    entriesASheet,
    usage: taken,
  };
}

/** Time for services to give back what busy times have left of garbage, and for lifters to end the process of their handlers, in milliseconds. */
const restMs = 75_000;

/** What everybody takes while nothing is asked for. */
export async function idle(system: System, ms: number): Promise<readonly Taken[]> {
  await sleep(restMs);
  const usage = await measureUsage(await processesOf(system));
  await sleep(ms);
  return usage();
}

/** Every process of a system, those included in which handlers run. */
export async function processesOf({
  crew,
  server,
}: System): Promise<{ name: string; pid: number }[]> {
  const services = await Promise.all(
    crew.members.map(async ({ name, process: { pid } = { pid: undefined } }) => {
      if (pid === undefined) return [];
      const beside = (await childrenOf(pid)).map((child) => ({
        name: `${name}, its handlers`,
        pid: child,
      }));
      return [{ name, pid }, ...beside];
    }),
  );
  return [
    ...services.flat(),
    { name: 'ejabberd', pid: server.pid },
    { name: 'user', pid: process.pid },
  ];
}
