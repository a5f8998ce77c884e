import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCommands } from '../../src/commands/load.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'heavylift-commands-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const env = { PATH: process.env['PATH'], LANG: 'C', XMPP_PASSWORD: 'secret' };

function load(yaml: string) {
  const path = join(directory, 'commands.yaml');
  writeFileSync(path, yaml);
  return loadCommands(path, env);
}

describe('a file of commands', () => {
  it('gives handlers, with every default put in', () => {
    const [say] = load(`
commands:
  say:
    summary: says something
    run: [echo, '{words}']
    fields:
      words: { type: text, default: hello }
    environment: { pass: [LANG], set: { MODE: fast } }
    timeout: 90s
    concurrency: 1
    uniqueKey: [words]
    finalCodes: [2]
    progress: { pattern: '^(?<done>[0-9]+)' }
`);
    expect(say).toMatchObject({
      name: 'say',
      title: 'say',
      timeout: 90_000,
      maxAttempts: 3,
      concurrency: 1,
      uniqueKey: ['words'],
      work: {
        type: 'command',
        command: {
          program: expect.stringMatching(/^\/.*\/echo$/),
          argv: ['{words}'],
          directory,
          finalCodes: [2],
          progress: { type: 'pattern', pattern: '^(?<done>[0-9]+)' },
        },
      },
    });
  });

  it('passes on the environment that it lists, PATH, and nothing else', () => {
    const [given] = load(
      'commands: { a: { summary: a, run: [env], environment: { pass: [LANG] } } }',
    );
    const { work } = given ?? {};
    expect(work?.type === 'command' && work.command.environment).toEqual({
      PATH: process.env['PATH'],
      LANG: 'C',
    });
  });

  const command = (lines: string) => `commands:\n  a:\n    summary: a\n    run: [echo]\n${lines}`;
  it.each([
    ['no YAML', 'commands: [', /line 1: /],
    ['no commands', 'command: {}', /commands: .*expected/],
    ['an option that is not known', command('    shell: true'), /line 3, commands\.a: .*shell/],
    ['a number for a program', 'commands:\n  a: { summary: a, run: [5] }', /commands\.a\.run\.0: /],
    [
      'a number for an item',
      'commands:\n  a: { summary: a, run: [echo, 5] }',
      /run\.1: .*quote numbers/,
    ],
    [
      'a time span',
      command('    timeout: 90'),
      /line 5, commands\.a\.timeout: expected a duration/,
    ],
    ['a duration', command('    timeout: 0s'), /timeout: expected .* 1h30m.*, not "0s"/],
    ['a pattern', command("    progress: { pattern: '(' }"), /line 5, commands\.a\.progress.*: /],
    ['the name', 'commands: { A b: { summary: a, run: [echo] } }', /cannot be called 'A b'/],
    [
      'a field',
      command('    fields: { x: { type: date } }'),
      /line 5, commands\.a\.fields\.x\.type: /,
    ],
    [
      'the program',
      'commands: { a: { summary: a, run: [no-such-program] } }',
      /no program 'no-such-program'/,
    ],
    ['an argument', 'commands: { a: { summary: a, run: [echo, "{b}"] } }', /\{b\} is no field/],
    ['the directory', command('    directory: gone'), /there is no directory .*gone/],
    ['the unique key', command('    uniqueKey: [b]'), /uniqueKey names 'b'/],
  ])('is refused with the place and what was expected: %s', (_what, yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
    expect(() => load(yaml)).toThrow(expect.objectContaining({ code: 'bad-commands' }));
  });

  it('tells all problems at once', () => {
    const yaml =
      'commands: { a: { summary: a, run: [no-such, "{b}"] }, c: { summary: c, run: [nor-this] } }';
    expect(() => load(yaml)).toThrow(/no-such.*\{b\}.*nor-this/s);
  });

  it('is refused when it is not there', () => {
    expect(() => loadCommands('/no/such.yaml', env)).toThrow(
      "names '/no/such.yaml', which cannot be read",
    );
  });
});
