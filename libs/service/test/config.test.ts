import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainConfig } from '../src/config/load.js';
import {
  type ConfigSources,
  describeOptions,
  duration,
  flag,
  integer,
  isServiceError,
  list,
  loadConfig,
  optional,
  required,
  type Schema,
  type ServiceError,
  text,
  withDefault,
} from '../src/index.js';

const schema = {
  GYM_NAME: required({ description: 'What the gym is called.', type: text('a name') }),
  GYM_SLOTS: withDefault({
    description: 'Who can lift at once.',
    type: integer({ min: 1, max: 64 }),
    default: '8',
  }),
  GYM_REST: withDefault({
    description: 'Rest between two lifts.',
    type: duration({ min: '0s', max: '1h' }),
    default: '90s',
  }),
  GYM_OPEN: optional({ description: 'Let anyone in.', type: flag(), otherwise: 'members only' }),
  GYM_KEY: required({ description: 'Opens the door.', type: text('the key'), secret: true }),
};
const enough = { GYM_NAME: 'Iron', GYM_KEY: 'k3y' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heavylift-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(content: string, name = 'options'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function failure(sources: ConfigSources, of: Schema = schema): ServiceError {
  try {
    loadConfig(of, sources);
  } catch (error) {
    if (isServiceError(error, 'bad-configuration')) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('reading the environment', () => {
  it('gives each option as a value of its type', () => {
    const env = { ...enough, GYM_SLOTS: '12', GYM_REST: '2m', GYM_OPEN: 'true' };
    const config = loadConfig(schema, { env });
    expect(config).toEqual({
      GYM_NAME: 'Iron',
      GYM_SLOTS: 12,
      GYM_REST: 120_000,
      GYM_OPEN: true,
      GYM_KEY: 'k3y',
    });
  });

  it('takes the default, or nothing, for what is not given', () => {
    const config = loadConfig(schema, { env: enough });
    expect(config).toMatchObject({ GYM_SLOTS: 8, GYM_REST: 90_000, GYM_OPEN: undefined });
  });

  it('takes an empty value for none', () => {
    expect(loadConfig(schema, { env: { ...enough, GYM_SLOTS: '' } }).GYM_SLOTS).toBe(8);
  });

  it('leaves alone what is not ours', () => {
    const env = { ...enough, PATH: '/bin', GYMNASIUM: 'x' };
    expect(loadConfig(schema, { env, prefixes: ['GYM_'] }).GYM_NAME).toBe('Iron');
  });
});

describe('what is wrong', () => {
  it('is told all at once, with name, value given and value expected', () => {
    const env = { GYM_SLOTS: '99', GYM_REST: 'long', GYM_OPEN: 'yes', GYM_SLOST: '3' };
    expect(failure({ env, prefixes: ['GYM_'] }).message).toBe(
      [
        '6 problems in the configuration:',
        '  GYM_SLOST (environment) is no option. Is it GYM_SLOTS?',
        '  GYM_NAME is not given. Expected: a name',
        '  GYM_SLOTS is wrong: "99" (environment). Expected: a whole number from 1 to 64',
        '  GYM_REST is wrong: "long" (environment). Expected: a duration such as 250ms, 90s, 1h30m or 1.5h, from 0s to 1h',
        '  GYM_OPEN is wrong: "yes" (environment). Expected: true or false',
        '  GYM_KEY is not given. Expected: the key',
      ].join('\n'),
    );
  });

  it('is there for programs too', () => {
    expect(failure({ env: { ...enough, GYM_SLOTS: 'many' } }).problems).toEqual([
      {
        kind: 'wrong',
        name: 'GYM_SLOTS',
        origin: 'environment',
        given: 'many',
        expected: 'a whole number from 1 to 64',
      },
    ]);
  });

  it('names nothing near for a word that is like no option', () => {
    const error = failure({ env: { ...enough, GYM_TREADMILL_BRAND: 'x' }, prefixes: ['GYM_'] });
    expect(error.message).toContain('GYM_TREADMILL_BRAND (environment) is no option.');
    expect(error.message).not.toContain('Is it');
  });

  it('never shows a secret, nor the value of a name it does not know', () => {
    const secret = fc.stringMatching(/^[a-z]{12}$/);
    const locked = { ...schema, GYM_KEY: { ...schema.GYM_KEY, type: flag() } };
    fc.assert(
      fc.property(secret, (value) => {
        const env = { GYM_NAME: 'Iron', GYM_KEY: value, GYM_KEYY: value };
        const { message, problems } = failure({ env, prefixes: ['GYM_'] }, locked);
        expect(problems).toHaveLength(2);
        expect(message + JSON.stringify(problems)).not.toContain(value);
      }),
    );
  });

  it('is found however many options are wrong, each once', () => {
    const wrong = fc.subarray(['GYM_SLOTS', 'GYM_REST', 'GYM_OPEN'], { minLength: 1 });
    fc.assert(
      fc.property(wrong, (names) => {
        const env = { ...enough, ...Object.fromEntries(names.map((name) => [name, '?'])) };
        expect(failure({ env }).problems.map(({ name }) => name)).toEqual(names);
      }),
    );
  });
});

describe('reading a file', () => {
  it('takes lines of NAME=value', () => {
    const file = fileWith(
      '# the gym\nGYM_NAME="Iron & Sons"\nexport GYM_KEY = k=y # z\r\n\nGYM_SLOTS=3\n',
    );
    const config = loadConfig(schema, { env: {}, file });
    expect(config).toMatchObject({ GYM_NAME: 'Iron & Sons', GYM_KEY: 'k=y # z', GYM_SLOTS: 3 });
  });

  it('takes a JSON object', () => {
    const json = JSON.stringify({ ...enough, GYM_SLOTS: 3, GYM_OPEN: false });
    for (const content of [json, `\n${json}\n`, `\uFEFF${json}`]) {
      const config = loadConfig(schema, { env: {}, file: fileWith(content) });
      expect(config).toMatchObject({ GYM_SLOTS: 3, GYM_OPEN: false });
    }
  });

  it('takes an empty value for none there too', () => {
    const file = fileWith('GYM_SLOTS=\nGYM_OPEN=""');
    const config = loadConfig(schema, { env: enough, file });
    expect(config).toMatchObject({ GYM_SLOTS: 8, GYM_OPEN: undefined });
  });

  it('gives way to the environment', () => {
    const file = fileWith('GYM_NAME=File\nGYM_KEY=k3y\nGYM_SLOTS=3');
    const config = loadConfig(schema, { env: { GYM_NAME: 'Env', GYM_SLOTS: '' }, file });
    expect(config).toMatchObject({ GYM_NAME: 'Env', GYM_SLOTS: 3 });
  });

  it('gives back any text that fits on a line', () => {
    const lines = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/[\r\n]/.test(s));
    fc.assert(
      fc.property(lines, fc.boolean(), (value, json) => {
        const content = json
          ? JSON.stringify({ ...enough, GYM_NAME: value })
          : `GYM_NAME="${value}"\nGYM_KEY=k3y`;
        expect(loadConfig(schema, { env: {}, file: fileWith(content) }).GYM_NAME).toBe(value);
      }),
      // A line separator of Unicode ends no line of such a file.
      { examples: [['Iron\u2028Sons', false]] },
    );
  });

  it('says of any file at all either what it gives or what is wrong with it', () => {
    const content = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((s) => `GYM_NAME=${s}`),
    );
    fc.assert(
      fc.property(content, (text) => {
        expect(failure({ env: { GYM_KEY: '' }, file: fileWith(text) }).problems).not.toEqual([]);
      }),
    );
  });

  it.each([
    ['a line that is none', 'GYM_NAME Iron', ', line 1 cannot be read. Expected: NAME=value'],
    ['a name given twice', 'GYM_NAME=a\nGYM_NAME=b', 'GYM_NAME is wrong: value not shown'],
    ['broken JSON', '{"GYM_NAME": "s3cret", }', 'cannot be read. Expected: a JSON object'],
    ['JSON that its parser would quote', '{"GYM_NAME": s3cret}', 'Expected: a JSON object'],
    [
      'a JSON value of no use',
      '{"GYM_NAME": {"a": "s3cret"}}',
      'Expected: text, a number, true or',
    ],
    ['an unknown name', 'GIM_NAME=s3cret', 'is no option. Is it GYM_NAME?'],
  ])('refuses %s', (_, content, message) => {
    const error = failure({ env: {}, file: fileWith(content) });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('s3cret');
  });

  it('takes a YAML mapping, each value as the text that is written there, lists with commas', () => {
    const yaml =
      '# the gym\nGYM_NAME: 0x1F\nGYM_KEY: off\nGYM_SLOTS: 3\nGYM_REST: "2m"\nGYM_OPEN:\n';
    const config = loadConfig(schema, { env: {}, file: fileWith(yaml, 'options.yaml') });
    expect(config).toEqual({
      GYM_NAME: '0x1F',
      GYM_KEY: 'off',
      GYM_SLOTS: 3,
      GYM_REST: 120_000,
      GYM_OPEN: undefined,
    });
    const members = required({ description: 'Who may enter.', type: list(text()) });
    for (const [name, content] of [
      ['options.yml', 'GYM_MEMBERS:\n  - ann\n  - bob\n'],
      ['options', '{"GYM_MEMBERS": ["ann", "bob"]}'],
      ['options', 'GYM_MEMBERS=ann, bob'],
    ] as const) {
      const sources = { env: {}, file: fileWith(content, name) };
      expect(loadConfig({ GYM_MEMBERS: members }, sources).GYM_MEMBERS).toEqual(['ann', 'bob']);
    }
  });

  it.each([
    ['broken YAML', 'GYM_NAME: ok\nGYM_KEY: "s3cret\n', 'line 3 is not understood'],
    ['YAML that is no mapping', '- s3cret\n', 'it is none'],
    ['a name given twice', 'GYM_KEY: s3cret\nGYM_KEY: s3cret\n', 'line 2 is not understood'],
    ['a YAML value of no use', 'GYM_KEY:\n  deep: s3cret\n', 'GYM_KEY is wrong: value not shown'],
    ['an unknown name', 'GIM_NAME: s3cret\n', 'is no option. Is it GYM_NAME?'],
  ])('refuses %s in YAML, without quoting the file', (_, content, message) => {
    const error = failure({ env: {}, file: fileWith(content, 'options.yaml') });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('s3cret');
  });

  it("leaves alone what is another program's, if told to", () => {
    const file = fileWith('GYM_NAME=Iron\nGYM_KEY=k3y\nPOOL_LANES=8');
    expect(loadConfig(schema, { env: {}, file, ignoreUnknown: true }).GYM_NAME).toBe('Iron');
  });

  it('says so if there is no such file', () => {
    const error = failure({ env: enough, file: join(folder, 'absent') });
    expect(error.problems).toMatchObject([{ kind: 'unreadable', name: join(folder, 'absent') }]);
  });
});

describe('a secret', () => {
  it('is not among the values that are shown, wherever it comes from', () => {
    const env = { GYM_NAME: 'Iron', GYM_KEY_FILE: fileWith('s3cret') };
    const { effective } = explainConfig(schema, { env });
    expect(effective.find(({ name }) => name === 'GYM_KEY')).toEqual({
      name: 'GYM_KEY',
      value: undefined,
      secret: true,
      origin: join(folder, 'options'),
    });
  });

  it('may stand in a file of its own, without the line break that editors add', () => {
    const env = { GYM_NAME: 'Iron', GYM_KEY_FILE: fileWith(' k3y \n') };
    expect(loadConfig(schema, { env, prefixes: ['GYM_'] }).GYM_KEY).toBe(' k3y ');
  });

  it('may not be given in both ways', () => {
    const env = { ...enough, GYM_KEY_FILE: fileWith('k3y') };
    expect(failure({ env }).message).toContain('either GYM_KEY or GYM_KEY_FILE, not both');
  });

  it('from the environment wins over one from the file, in whichever way each is given', () => {
    const file = fileWith('GYM_NAME=Iron\nGYM_KEY_FILE=/nowhere');
    expect(loadConfig(schema, { env: { GYM_KEY: 'mine' }, file }).GYM_KEY).toBe('mine');
  });

  it('is missed clearly if its file cannot be read', () => {
    const env = { GYM_NAME: 'Iron', GYM_KEY_FILE: join(folder, 'absent') };
    expect(failure({ env }).message).toMatch(/GYM_KEY_FILE is wrong: ".*absent".*ENOENT/);
  });

  it('is the only option that may come from a file', () => {
    const env = { ...enough, GYM_SLOTS_FILE: '/x' };
    const error = failure({ env, prefixes: ['GYM_'] });
    expect(error.problems).toMatchObject([{ kind: 'unknown', name: 'GYM_SLOTS_FILE' }]);
  });
});

it('can show all options in a table', () => {
  expect(describeOptions(schema).map(({ name, ifNotGiven }) => `${name}: ${ifNotGiven}`)).toEqual([
    'GYM_NAME: required',
    'GYM_SLOTS: 8',
    'GYM_REST: 90s',
    'GYM_OPEN: members only',
    'GYM_KEY: required',
  ]);
});
