import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResultError, toJson } from '../../src/runner/json.js';

describe('a result', () => {
  it('that JSON can carry stays what it is', () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJson(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    ));

  it('is null if there is none; properties without a value are left out', () => {
    expect(toJson(undefined)).toBeNull();
    expect(toJson({ a: undefined, b: 1 })).toEqual({ b: 1 });
  });

  it('may hold what says how it is written, such as a date', () => {
    expect(toJson({ at: new Date(0) })).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = { again: cyclic };
  it.each([
    [() => 1, 'the result is a function, which JSON cannot carry'],
    [{ list: [1, 2n] }, 'the result.list.1 is a bigint, which JSON cannot carry'],
    [{ ratio: 1 / 0 }, 'the result.ratio is Infinity, which JSON cannot carry'],
    [new Map([[1, 2]]), 'the result is a Map, which JSON cannot carry'],
    [cyclic, 'the result.self.again refers back to itself, which JSON cannot carry'],
  ])('is refused where JSON would drop or fake something: %#', (value, message) => {
    expect(() => toJson(value)).toThrow(new ResultError(message));
  });

  it('may hold the same object twice', () => {
    const same = { a: 1 };
    expect(toJson([same, same])).toEqual([same, same]);
  });

  const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)]);
  it.each([101, 2_500, 3_000, 9_000])('is refused when it is nested %i levels deep', (levels) => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = { in: value };
    for (const result of [value, { toJSON: () => value }]) {
      expect(() => toJson(result)).toThrow(ResultError);
    }
    expect(toJson(nest(100))).toEqual(nest(100));
  });

  it('keeps keys that mean something to JavaScript', () => {
    const text = '{"__proto__":{"a":1},"constructor":2,"hasOwnProperty":3,"toString":null}';
    expect(JSON.stringify(toJson(JSON.parse(text)))).toBe(text);
  });

  it.each([
    Object.create(Object.create(null)),
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
    {
      toJSON: () => {
        throw new Error('no');
      },
    },
    {
      get a(): never {
        throw new Error('no');
      },
    },
    { big: Array.from({ length: 2_000 }, () => 'x'.repeat(50_000)) },
    new Set([1]),
    Object.assign(Object.create(null), { constructor: undefined, x: Symbol('x') }),
  ])('is refused, and with no other error, when it cannot be read: %#', (value) => {
    expect(() => toJson(value)).toThrow(ResultError);
  });

  it('is refused when it is too large as it will be written in XML', () => {
    expect(toJson('x'.repeat(90), 100)).toBe('x'.repeat(90));
    expect(() => toJson('x'.repeat(99), 100)).toThrow(
      'the result has 101 bytes, at most 100 are taken',
    );
    expect(() => toJson('&'.repeat(20), 100)).toThrow('the result has 102 bytes');
  });
});
