import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../src/session/backoff.js';

const options = { initialMs: 250, maxMs: 15_000 };

describe('the wait between attempts', () => {
  it('doubles its bound up to the cap', () => {
    const backoff = createBackoff(options, () => 1);
    const waits = Array.from({ length: 9 }, () => backoff.next(0));
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  });

  it('is drawn from all that is below its bound', () => {
    for (const [random, wait] of [
      [0, 0],
      [0.5, 125],
    ] as const) {
      expect(createBackoff(options, () => random).next(0)).toBe(wait);
    }
  });

  it('never exceeds the cap', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, random) => {
          const backoff = createBackoff(options, () => random);
          for (let failure = 0; failure < n; failure += 1) backoff.next(0);
          const wait = backoff.next(0);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(options.maxMs);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('begins anew after a connection that was good for longer than the wait, and not before', () => {
    const backoff = createBackoff(options, () => 1);
    for (let failure = 0; failure < 4; failure += 1) backoff.next(0);
    expect(backoff.next(3_999)).toBe(4_000);
    expect(backoff.next(8_001)).toBe(250);
  });
});
