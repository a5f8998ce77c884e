import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberSet } from '../src/numbers.js';

const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 });

it('has what was added and nothing else, also after it has been written and read', () => {
  fc.assert(
    fc.property(numbers, (added) => {
      const set = numberSet();
      for (const number of added) set.add(number);
      const again = numberSet(set.toString());
      for (let number = 1; number <= 61; number += 1) {
        expect(set.has(number)).toBe(added.includes(number));
        expect(again.has(number)).toBe(added.includes(number));
      }
      expect(again.toString()).toBe(set.toString());
    }),
  );
});

it('is as short as can be', () => {
  const set = numberSet('1-3 5 9');
  set.add(4);
  expect(set.toString()).toBe('1-5 9');
});

it.each(['x', '0', '3-1', '1-2 2', '1-2 3', '1, 2', ' '])('"%s" is no position', (text) => {
  expect(() => numberSet(text)).toThrow(/is no position/);
});
