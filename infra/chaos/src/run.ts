import { setTimeout as sleep } from 'node:timers/promises';
import { now, seededRandom } from '@heavylift/testbed';
import { check, type Verdict } from './check.js';
import { eventually } from './eventually.js';
import type { Observation } from './history.js';
import { ask, load } from './load.js';
import type { Scenario } from './scenarios.js';
import { createWorld, type World, type WorldOptions } from './world.js';

export interface RunOptions extends WorldOptions {
  readonly seed: number;
  /** Time for faults, in milliseconds. */
  readonly ms: number;
  /** Jobs a second. */
  readonly rate: number;
  /** Time until everything accepted must be told, once nothing breaks any more, in milliseconds. @default 120_000 */
  readonly settleMs?: number;
}

export interface Outcome {
  readonly verdict: Verdict;
  readonly history: readonly Observation[];
  readonly faults: number;
  /** From the last fault until all was told, in milliseconds. */
  readonly settledMs: number;
}

/** Time for a new system to do its first job, in milliseconds. */
const firstJobMs = 60_000;
/** How long to go on listening once all is told: for what comes twice. */
const listenMs = 3_000;

/** Plays one scenario in a world of its own. */
export async function run(scenario: Scenario, options: RunOptions): Promise<Outcome> {
  const { seed, ms, rate, settleMs = 120_000 } = options;
  const random = seededRandom(seed).fork(scenario.name);
  const world = await createWorld({ ...options, ...(scenario.nodes && { nodes: scenario.nodes }) });
  try {
    await firstJob(world);
    const loading = new AbortController();
    const { requester, program, recorder, numbers } = world;
    const { signal } = loading;
    const loaded = load({
      requester,
      program,
      recorder,
      numbers,
      random: random.fork('load'),
      rate,
      signal,
    });
    const faults = await breakAgainAndAgain(scenario, world, random.fork('faults'), ms);
    loading.abort();
    await loaded;
    const settling = now();
    await eventually(() => check(recorder.observations).counts.open === 0, settleMs);
    const settledMs = now() - settling;
    await sleep(listenMs);
    const history = await world.history();
    return { verdict: check(history), history, faults, settledMs };
  } finally {
    await world.stop();
  }
}

export async function firstJob({ requester, recorder }: World): Promise<void> {
  const limit = now() + firstJobMs;
  while (check(recorder.observations).counts.told === 0) {
    if (now() > limit) throw new Error(`No job was done within ${firstJobMs / 1_000} s.`);
    await ask(requester, recorder, 'work ms=1 fail=0');
    await eventually(() => check(recorder.observations).counts.told > 0, 2_000);
  }
}

async function breakAgainAndAgain(
  { fault, pauseMs: [least, most] }: Scenario,
  world: World,
  random: ReturnType<typeof seededRandom>,
  ms: number,
): Promise<number> {
  const limit = now() + ms;
  let faults = 0;
  for (;;) {
    // However short the time is, something breaks in it.
    const longest = faults === 0 ? ms / 3 : limit - now();
    await sleep(Math.max(0, Math.min(random.integer(least, most), longest)));
    if (now() >= limit) return faults;
    if (fault === undefined) continue;
    await fault(world, random.fork(`fault ${faults}`));
    faults += 1;
  }
}
