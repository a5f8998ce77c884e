import { parseArgs } from 'node:util';
import { parseDuration } from '@heavylift/jobs';

/** What `npm start` was asked to do. */
export interface DemoOptions {
  /** Lines to say instead of reading them from standard input. */
  readonly script: readonly string[] | undefined;
  /** Print how long start-up and each answer took. */
  readonly timing: boolean;
  /** Keep the server's data for the next start. */
  readonly keep: boolean;
  /** How many lifter processes to start. */
  readonly lifters: number;
  /** How long the bot may be silent while a script waits for it, in milliseconds. */
  readonly timeoutMs: number;
}

export type ParsedArgs =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const maxLifters = 64;
const maxTimeout = '1d';

export const usage = `Usage: npm start -- [options]

Starts a server, the dispatcher, the lifter and the notifier, and opens a chat
with the bot as an ordinary user. Say "help" or "lift" there; "exit" stops everything.
Lines are read from standard input where that is no terminal.

  --script "lift; dance"  say these lines, wait for every answer, and stop
  --timing                print how long start-up and each answer took
  --lifters N             start N lifters, 1 to ${maxLifters} (1)
  --timeout DURATION      give up when a script has heard nothing for so long (60s)
  --keep                  keep the server's data in .heavylift/data between starts
  --help                  print this`;

/** Reads the command line, without the program's own name. */
export function parseDemoArgs(args: readonly string[]): ParsedArgs {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        script: { type: 'string' },
        timing: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        lifters: { type: 'string', default: '1' },
        timeout: { type: 'string', default: '60' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const lifters = wholeNumber('--lifters', values.lifters, maxLifters);
    const timeoutMs = durationMs('--timeout', values.timeout, maxTimeout);
    const script = values.script === undefined ? undefined : scriptLines(values.script);
    const { timing, keep } = values;
    return { kind: 'run', options: { script, timing, keep, lifters, timeoutMs } };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { kind: 'wrong', message: `${firstSentence(error.message)}. See --help.` };
  }
}

/** The lines of a script: between semicolons or line breaks, without the empty ones. */
function scriptLines(script: string): string[] {
  return script
    .split(/[;\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function wholeNumber(flag: string, given: string, max: number): number {
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= 1 && value <= max) return value;
  throw new Error(`${flag} takes a whole number from 1 to ${max}, not "${given}"`);
}

/** A plain number counts as seconds. */
function durationMs(flag: string, given: string, max: string): number {
  const ms = parseDuration(given, 's');
  if (ms !== undefined && ms > 0 && ms <= (parseDuration(max) ?? 0)) return ms;
  throw new Error(
    `${flag} takes a duration such as 90s, 10m or 1h30m, at most ${max}, not "${given}"`,
  );
}

/** Node's own messages go on to explain positional arguments, which there are none of here. */
function firstSentence(message: string): string {
  return message.split(/\.(?:\s|$)/m)[0] ?? message;
}
