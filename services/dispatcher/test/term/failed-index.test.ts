import { describe, expect, it } from 'vitest';
import { createFailedIndex } from '../../src/term/failed-index.js';
import { entry } from '../support/desk.js';

const failedJob = (number: number, text = 'x', message = 'slipped') => ({
  entry: {
    ...entry,
    id: `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    number,
    args: { text },
  },
  error: { class: 'Error', message },
});

describe('the list of failed jobs', () => {
  it('is bounded in jobs: the oldest go first', () => {
    const index = createFailedIndex({ jobs: 3 });
    for (const number of [5, 2, 4, 1, 3]) index.put(failedJob(number));
    expect(index.takeExcess()).toEqual([1, 2]);
    expect(index.all().map(({ entry }) => entry.number)).toEqual([5, 4, 3]);
    expect(index.takeExcess()).toEqual([]);
  });

  it('is bounded in bytes, of the whole entries', () => {
    const index = createFailedIndex({ bytes: 100_000 });
    for (let number = 1; number <= 10; number += 1)
      index.put(failedJob(number, 'x'.repeat(20_000)));
    expect(index.takeExcess()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('keeps of each job only what a list shows', () => {
    const index = createFailedIndex();
    for (let number = 1; number <= 1_000; number += 1)
      index.put(failedJob(number, 'x'.repeat(15_000)));
    expect(JSON.stringify(index.all()).length).toBeLessThan(2_000_000);
  });

  it('knows the newest of a job: what a read brings late changes nothing', () => {
    const index = createFailedIndex();
    index.put({ ...failedJob(1), retriedAs: 9 });
    index.found(failedJob(1));
    expect(index.all()).toMatchObject([{ retriedAs: 9 }]);
  });
});
