import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../src/random.js';

const draw = (seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: 5 }, () => random.next());
};

describe('chance from a seed', () => {
  it('comes out the same from the same seed, and another from another', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('stays within what was asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: -9, max: 9 }), fc.nat(9), (seed, from, more) => {
        const value = seededRandom(seed).integer(from, from + more);
        expect(value).toBeGreaterThanOrEqual(from);
        expect(value).toBeLessThanOrEqual(from + more);
      }),
    );
  });

  it('gives a fork a row that does not depend on what was drawn before', () => {
    const fresh = seededRandom(5);
    const used = seededRandom(5);
    used.next();
    expect(used.fork('a').next()).toBe(fresh.fork('a').next());
    expect(fresh.fork('a').next()).not.toBe(fresh.fork('b').next());
  });

  it('has nothing to pick from nothing', () => {
    expect(() => seededRandom(1).pick([])).toThrow(RangeError);
  });
});
