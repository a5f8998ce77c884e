import { describe, expect, it } from 'vitest';
import { checkOptions, clausesOf, fieldsOf } from '../src/order-fields.js';

describe('arguments', () => {
  it('that are undefined are left out', () => {
    expect(fieldsOf({ file: 'a', size: undefined, deep: false, n: 0 })).toEqual({
      file: 'a',
      deep: 'false',
      n: '0',
    });
  });

  it.each([
    ['null', null],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['type bigint', 1n],
    ['type symbol', Symbol('x')],
    ['type function', () => 1],
    ['type object', { a: 1 }],
  ])('that cannot be sent are refused by their name: %s', (what, value) => {
    // As a program in JavaScript may call it.
    const args = JSON.parse('{}');
    args.size = value;
    expect(() => fieldsOf(args)).toThrow(`the argument "size" is `);
    expect(() => fieldsOf(args)).toThrow(what);
  });
});

describe('options', () => {
  it.each([
    ['submission', 7],
    ['submission', ''],
    ['in', -1],
    ['in', null],
    ['within', Number.NaN],
    ['at', 18],
    ['on', {}],
    ['priority', '5'],
    ['priority', 101],
    ['priority', 1.5],
    ['signal', {}],
    ['every', '* * * * *'],
    ['toString', 1],
  ])('%s: %j is refused by its name before anything is sent', (name, value) => {
    expect(() => checkOptions(Object.fromEntries([[name, value]]))).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining(`option "${name}"`),
      }),
    );
  });

  it('that are undefined are left out', () => {
    const given = JSON.parse('{}');
    Object.assign(given, { in: 1_500, within: '1h', on: undefined, priority: undefined });
    expect(() => checkOptions(given)).not.toThrow();
    expect(clausesOf(given)).toEqual({ 'heavylift#when': 'in 2s', 'heavylift#within': '1h' });
  });
});
