import { describe, expect, it } from 'vitest';
import { announcement, office, one, two } from './support/office.js';

describe('a job for all lifters', () => {
  const running = (ledger: { entries(): Iterable<{ id: string; target: { type: string } }> }) =>
    [...ledger.entries()].filter(({ target }) => target.type === 'child').map(({ id }) => id);

  it('is impossible while nobody has its handler', () => {
    expect(office().submitToAll()).toBeUndefined();
  });

  it('is done by each of them, and ends when the last has', () => {
    const { scheduler, ledger, submitToAll, succeed, ended, lifterOf, history } = office();
    scheduler.announced(one, announcement());
    scheduler.announced(two, announcement());
    const parent = submitToAll()?.id ?? '';
    const children = running(ledger);
    expect(children.map(lifterOf).sort()).toEqual([one, two]);
    expect(lifterOf(parent)).toBeUndefined();
    succeed(children[0] ?? '');
    expect(ended).toEqual([]);
    succeed(children[1] ?? '');
    expect(ended).toMatchObject([{ job: parent, status: 'succeeded' }]);
    scheduler.told(parent);
    expect([...ledger.entries()]).toEqual([]);
    expect(history.all()).toHaveLength(3);
  });

  it('fails, with the others’ answers in, if one of them leaves for good', () => {
    const { scheduler, ledger, submitToAll, succeed, ended, lifterOf, pass } = office();
    scheduler.announced(one, announcement());
    scheduler.announced(two, announcement());
    submitToAll();
    const children = running(ledger);
    const ofOne = children.find((child) => lifterOf(child) === one) ?? '';
    succeed(ofOne);
    scheduler.left(two);
    pass(5_000);
    expect(ended.at(-1)).toMatchObject({
      status: 'failed',
      error: { class: 'PartsFailed', message: expect.stringContaining('lifter-2') },
    });
  });

  it('does not wait for a part whose lifter left before it could begin', () => {
    const { scheduler, submit, submitToAll, ended, pass } = office();
    scheduler.announced(one, announcement({ slots: 1 }));
    submit();
    submitToAll();
    scheduler.left(one);
    pass(5_000);
    pass(5_000);
    expect(ended).toContainEqual(expect.objectContaining({ status: 'failed' }));
  });

  it('is cancelled with its parts', () => {
    const { scheduler, ledger, submitToAll, ended, pass } = office();
    scheduler.announced(one, announcement({ slots: 1 }));
    scheduler.announced(two, announcement({ slots: 1 }));
    const parent = submitToAll({ notBefore: 1_060_000 })?.id ?? '';
    expect(scheduler.cancel(parent, 'ada@x')).toBe('cancelled');
    expect(ended.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    pass(60_000);
    scheduler.told(parent);
    expect([...ledger.entries()]).toEqual([]);
  });

  it('goes on under the next leader, who lets go parts without a whole', () => {
    const { scheduler, ledger, submitToAll, nextTerm } = office();
    scheduler.announced(one, announcement());
    const parent = submitToAll();
    nextTerm();
    expect([...ledger.entries()]).toHaveLength(2);
    ledger.remove(parent?.id ?? '');
    nextTerm();
    expect([...ledger.entries()]).toEqual([]);
  });

  it('is taken in with all its parts or with none, whichever of them is too large', () => {
    const { scheduler, ledger, submitToAll, told, pass } = office();
    // The part for the one with the longer name is the larger one.
    for (const jid of ['lifter-1@x/a', 'lifter-10@x/b', 'lifter-100@x/c'])
      scheduler.announced(jid, announcement());
    /** @returns how many jobs it brought; they are let go */
    function bring(length: number): number {
      try {
        submitToAll({ args: { motto: 'x'.repeat(length) } });
      } catch (error) {
        expect(error).toMatchObject({ code: 'entry-too-large' });
        expect(told).toEqual([]);
      }
      const open = [...ledger.entries()];
      for (const { id, target } of open) if (target.type === 'all') scheduler.told(id);
      told.length = 0;
      return open.length;
    }
    let [fits, isTooLong] = [20_000, 30_000];
    while (isTooLong - fits > 1) {
      const middle = Math.floor((fits + isTooLong) / 2);
      if (bring(middle) === 4) fits = middle;
      else isTooLong = middle;
    }
    const lengths = [-3, -2, -1, 0, 1, 2, 3, 4].map((more) => fits + more);
    expect(lengths.map(bring)).toEqual([4, 4, 4, 4, 0, 0, 0, 0]);
    pass(1_000);
    expect([[...ledger.entries()], told]).toEqual([[], []]);
  });

  it('counts with all its parts among the open jobs of its requester', () => {
    const { scheduler, submitToAll } = office();
    scheduler.announced(one, announcement());
    scheduler.announced(two, announcement());
    const whole = submitToAll()?.id ?? '';
    expect(scheduler.openOf('ada@x')).toBe(3);
    scheduler.told(whole);
    expect(scheduler.openOf('ada@x')).toBe(0);
  });
});
