import { describe, expect, it } from 'vitest';
import { announcement, office, one, two } from './support/office.js';

/** A job runs, and another dispatcher has just read the ledger, for so long. */
function takenOver(readingMs: number) {
  const before = office();
  before.scheduler.announced(one, announcement());
  const { id } = before.submit();
  const scheduler = before.nextTerm();
  before.wait(readingMs);
  const pass = (ms: number) => {
    before.wait(ms);
    scheduler.tick();
  };
  const attempt = () => before.ledger.get(id)?.attempt;
  return { scheduler, id, pass, attempt, lifterOf: () => before.lifterOf(id) };
}

describe('a take-over', () => {
  it.each([0, 4_900, 5_200, 60_000])(
    'that reads for %i ms takes no lifter for dead that could not announce itself before',
    (readingMs) => {
      const { scheduler, id, pass, attempt, lifterOf } = takenOver(readingMs);
      pass(250);
      scheduler.announced(two, announcement());
      pass(4_700);
      scheduler.announced(one, announcement({ running: [{ id, attempt: 1 }] }));
      pass(60_000);
      expect([attempt(), lifterOf()]).toEqual([1, one]);
    },
  );

  it('gives on the jobs of lifters that the server says are gone after the grace time, counted from its beginning', () => {
    const { scheduler, pass, attempt, lifterOf } = takenOver(60_000);
    pass(0);
    scheduler.announced(two, announcement());
    expect(scheduler.silentLifters()).toEqual([one]);
    scheduler.left(one);
    expect(scheduler.silentLifters()).toEqual([]);
    pass(4_900);
    expect(attempt()).toBe(1);
    pass(200);
    expect([attempt(), lifterOf()]).toEqual([2, two]);
  });

  it('has more patience with a lifter that says nothing and that nobody says is gone, but not for ever', () => {
    const { scheduler, pass, attempt } = takenOver(0);
    pass(0);
    scheduler.announced(two, announcement());
    pass(14_900);
    expect(attempt()).toBe(1);
    pass(200);
    expect(attempt()).toBe(2);
  });
});
