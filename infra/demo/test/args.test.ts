import { describe, expect, it } from 'vitest';
import { parseDemoArgs } from '../src/args.js';

const optionsOf = (...args: string[]) => {
  const parsed = parseDemoArgs(args);
  if (parsed.kind !== 'run') throw new Error(`not a run: ${JSON.stringify(parsed)}`);
  return parsed.options;
};

describe('the command line of npm start', () => {
  it('opens a prompt with one lifter unless told otherwise', () => {
    expect(optionsOf()).toEqual({
      script: undefined,
      timing: false,
      keep: false,
      lifters: 1,
      timeoutMs: 60_000,
    });
  });

  it('takes a script apart at its semicolons', () => {
    expect(optionsOf('--script', 'lift; lift 5;; dance ;').script).toEqual([
      'lift',
      'lift 5',
      'dance',
    ]);
    expect(optionsOf('--script=').script).toEqual([]);
  });

  it('takes every flag', () => {
    expect(optionsOf('--timing', '--keep', '--lifters', '3', '--timeout=5')).toMatchObject({
      timing: true,
      keep: true,
      lifters: 3,
      timeoutMs: 5_000,
    });
  });

  it('asks for help before it looks at anything else', () => {
    expect(parseDemoArgs(['--help', '--lifters', '0'])).toEqual({ kind: 'help' });
  });

  it.each([
    [['--faster'], "Unknown option '--faster'. See --help."],
    [['lift'], "Unexpected argument 'lift'. See --help."],
    [['--script'], "Option '--script <value>' argument missing. See --help."],
    [['--script', '--keep'], "Option '--script' argument is ambiguous. See --help."],
    [['--lifters', '0'], '--lifters takes a whole number from 1 to 64, not "0". See --help.'],
    [['--lifters', '1.5'], '--lifters takes a whole number from 1 to 64, not "1.5". See --help.'],
    [
      ['--timeout', 'soon'],
      '--timeout takes a duration such as 90s, 10m or 1h30m, at most 1d, not "soon". See --help.',
    ],
  ])('says what is wrong with %j', (args, message) => {
    expect(parseDemoArgs(args)).toEqual({ kind: 'wrong', message });
  });
});
