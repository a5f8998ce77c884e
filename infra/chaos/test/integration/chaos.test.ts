import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
// As built: lifters load a compiled module of ours.
import { details, passed } from '../../dist/report.js';
import { run } from '../../dist/run.js';
import { scenarios } from '../../dist/scenarios.js';

/**
 * Those that tell most in little time, on whatever machine: services are replaced again and again; a lifter that was given up for dead
 * comes back; a leader's writes arrive when another one leads; the next leader's clock is behind. The others, and all of them for longer, by `npm run chaos`.
 */
const short = ['kill-anyone', 'freeze-lifter', 'stall', 'clock-behind'];
const seed = 1;

describe('jobs while everything around them breaks (promises 1 and 2 of the protocol)', () => {
  let dir: string | undefined;
  afterEach(async () => {
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it.each(short)(
    'are neither lost, nor run twice at once, nor told twice: %s',
    async (name) => {
      const scenario = scenarios.find((each) => each.name === name);
      if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
      dir = await mkdtemp(join(tmpdir(), 'heavylift-chaos-test-'));
      const outcome = await run(scenario, {
        dir,
        seed,
        ms: 12_000,
        rate: 8,
        dispatchers: 2,
        notifiers: 2,
        lifters: 2,
        slots: 4,
      });
      expect(details(outcome, scenario.tolerates)).toEqual([]);
      expect(passed(outcome.verdict, scenario.tolerates)).toBe(true);
      expect(outcome.faults).toBeGreaterThan(0);
    },
    240_000,
  );
});
