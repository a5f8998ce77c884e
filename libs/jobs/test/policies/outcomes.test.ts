import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrderOfCounting, mayEnd } from '../../src/index.js';
import { someEntry } from '../helpers/jobs.js';

const lifter = fc.constantFrom('lifter-1@x/a', 'lifter-1@x/b', 'lifter-2@x/a');
const result = fc.record(
  { lifter, attempt: fc.integer({ min: 1, max: 3 }) },
  { requiredKeys: ['attempt'] },
);

describe('results of one job', () => {
  it('count in the same order, in whichever they are read', () => {
    const results = fc.uniqueArray(result, { selector: (one) => JSON.stringify(one) });
    const both = results.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(both, ([all, shuffled]) => {
        expect(inOrderOfCounting(shuffled)).toEqual(inOrderOfCounting(all));
      }),
    );
  });

  it('count for nobody from a lifter that was not given the attempt', () => {
    fc.assert(
      fc.property(result, lifter, lifter, ({ lifter: by, attempt }, given, vanished) => {
        const error = { class: 'Stalled', message: '' };
        const stall = { attempt: 1, reason: 'stalled', lifter: vanished, at: 0, error } as const;
        const entry = someEntry(1, {
          attempt: 2,
          failures: [stall],
          state: { type: 'assigned', lifter: given, since: 0 },
        });
        const own = (by === given && attempt === 2) || (by === vanished && attempt === 1);
        const said = by === undefined ? { attempt } : { attempt, lifter: by };
        expect(mayEnd(entry, said)).toBe(by === undefined || own);
      }),
    );
  });
});
