import { parseArgs } from 'node:util';
import { parseDuration } from '@heavylift/jobs';

/** What `npm run chaos` was asked to do. */
export interface ChaosOptions {
  readonly seed: number;
  /** Time for the faults of each scenario, in milliseconds. */
  readonly ms: number;
  /** Names; none: all. */
  readonly scenarios: readonly string[];
  /** Jobs a second. */
  readonly rate: number;
  readonly dispatchers: number;
  readonly notifiers: number;
  readonly lifters: number;
  readonly slots: number;
  /** Keep the histories of runs that went well, too. */
  readonly keep: boolean;
}

export type ParsedArgs =
  | { readonly kind: 'run'; readonly options: ChaosOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const usage = `Usage: npm run chaos -- [options]

Has a chat user ask for jobs while server, services and network are broken in every way, and
checks that no accepted job is lost, run twice at once, or told twice. 1: something was.

  --seed N         what happens by chance comes out the same again (a random one)
  --minutes M      how long each scenario goes on; 1.5, or 90s (1)
  --scenario A,B   only these; "all" (all)
  --rate R         jobs a second (20)
  --dispatchers N  how many of each service (2)
  --notifiers N    (2)
  --lifters N      (3)
  --slots N        jobs a lifter runs at once (4)
  --keep           keep the history of every run, not only of failed ones
  --help           print this, and the scenarios`;

/** Reads the command line, without the program's own name. */
export function parseChaosArgs(args: readonly string[], known: readonly string[]): ParsedArgs {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        minutes: { type: 'string', default: '1' },
        scenario: { type: 'string', default: 'all' },
        rate: { type: 'string', default: '20' },
        dispatchers: { type: 'string', default: '2' },
        notifiers: { type: 'string', default: '2' },
        lifters: { type: 'string', default: '3' },
        slots: { type: 'string', default: '4' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const scenarios = values.scenario === 'all' ? [...known] : values.scenario.split(',');
    const unknown = scenarios.find((name) => !known.includes(name));
    if (unknown !== undefined)
      return { kind: 'wrong', message: `There is no scenario ${unknown}: ${known.join(', ')}.` };
    return {
      kind: 'run',
      options: {
        scenarios,
        seed: whole('--seed', values.seed, 0, 2 ** 32 - 1),
        ms: minutes('--minutes', values.minutes),
        rate: positive('--rate', values.rate),
        dispatchers: whole('--dispatchers', values.dispatchers, 1, 16),
        notifiers: whole('--notifiers', values.notifiers, 1, 16),
        lifters: whole('--lifters', values.lifters, 1, 64),
        slots: whole('--slots', values.slots, 1, 64),
        keep: values.keep,
      },
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { kind: 'wrong', message: error.message };
  }
}

function whole(flag: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new Error(`${flag} takes a whole number from ${min} to ${max}, not "${given}".`);
}

/** A plain number counts as minutes. */
function minutes(flag: string, given: string): number {
  const ms = parseDuration(given, 'm');
  if (ms !== undefined && ms > 0) return ms;
  throw new Error(
    `${flag} takes a number of minutes above 0, or a duration such as 90s, not "${given}".`,
  );
}

function positive(flag: string, given: string): number {
  const value = Number(given);
  if (given.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${flag} takes a number above 0, not "${given}".`);
}
