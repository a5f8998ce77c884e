import { expect, it } from 'vitest';
import { parseBenchArgs } from '../src/args.js';
import { quantile, table } from '../src/stats.js';

it('takes quantiles of values in any order', () => {
  const values = [5, 1, 4, 2, 3];
  expect(quantile(values, 0)).toBe(1);
  expect(quantile(values, 0.5)).toBe(3);
  expect(quantile(values, 1)).toBe(5);
  expect(quantile([], 0.5)).toBeNaN();
});

it('lays out rows in columns, numbers to the right', () => {
  expect(
    table([
      ['name', 'value'],
      ['a', '1'],
      ['long name', '22'],
    ]),
  ).toBe(['name       value', 'a              1', 'long name     22'].join('\n'));
});

it('reads what to measure from the command line', () => {
  expect(parseBenchArgs(['--lifters', '1,2', '--seconds', '3'])).toMatchObject({
    lifters: [1, 2],
    ms: 3_000,
  });
  expect(parseBenchArgs(['--help'])).toBeUndefined();
  expect(() => parseBenchArgs(['--slots', 'many'])).toThrow('--slots');
});
