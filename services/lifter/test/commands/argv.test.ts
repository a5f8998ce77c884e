import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillArgv } from '../../src/commands/argv.js';
import type { ArgvItem, Command } from '../../src/commands/command.js';

const text = { type: 'text' } as const;
const fields: Command['fields'] = {
  name: text,
  free: { type: 'text', allowLeadingDash: true },
  size: { type: 'integer' },
  kind: { type: 'choice', options: ['-a', '-b'] },
  verbose: { type: 'boolean' },
};
const fill = (argv: readonly ArgvItem[], args: Readonly<Record<string, unknown>>) =>
  fillArgv({ argv, fields }, args);

describe('an argument', () => {
  it('is one item, or a part of one, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        fc.pre(!name.startsWith('-') && !name.includes('\0'));
        const argv = fill(['-n', '{name}', 'in {name}', '--'], { name });
        expect(argv).toEqual(['-n', name, `in ${name}`, '--']);
      }),
    );
  });

  it.each(['$(reboot)', 'a b', '{size}', '"; rm -rf ~', '*', "'", '\n'])(
    'is not expanded: %j',
    (name) => {
      expect(fill(['{name}'], { name, size: 5 })).toEqual([name]);
    },
  );

  it.each([
    ['a text', { name: '-rf' }, ['{name}']],
    ['a text at the beginning of an item', { name: '-rf' }, ['{name}.png']],
    ['a number', { size: -5 }, ['{size}']],
    ['an empty text that lets one through', { name: '', free: '-x' }, ['{name}{free}']],
  ] satisfies [string, object, ArgvItem[]][])(
    'may not become an option: %s',
    (_what, args, argv) => {
      expect(() => fill(argv, { ...args })).toThrow("begins with '-'");
    },
  );

  it.each([
    ['where the file says so', { free: '-x' }, ['{free}'], ['-x']],
    ['after something else in the item', { name: '-x' }, ['--name={name}'], ['--name=-x']],
    ['if the file lists it', { kind: '-a' }, ['{kind}'], ['-a']],
  ] satisfies [string, object, ArgvItem[], string[]][])(
    'may begin with a dash %s',
    (_what, args, argv, filled) => {
      expect(fill(argv, { ...args })).toEqual(filled);
    },
  );

  it('may not hold NUL', () => {
    expect(() => fill(['{name}'], { name: 'a\0b' })).toThrow('NUL');
  });
});

describe('items', () => {
  it('are left out if an argument in them is not given, a list as a whole', () => {
    const argv: ArgvItem[] = ['go', ['--size', '{size}'], '{name}'];
    expect(fill(argv, { size: 3 })).toEqual(['go', '--size', '3']);
    expect(fill(argv, { name: 'x' })).toEqual(['go', 'x']);
  });

  it('may be there when a boolean is true', () => {
    const argv: ArgvItem[] = [{ when: 'verbose', items: ['-v', '{name}'] }];
    expect(fill(argv, { verbose: true, name: 'x' })).toEqual(['-v', 'x']);
    expect(fill(argv, { verbose: false, name: 'x' })).toEqual([]);
  });
});
