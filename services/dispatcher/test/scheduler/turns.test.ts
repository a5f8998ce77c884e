import { describe, expect, it } from 'vitest';
import { announcement, office, one } from './support/office.js';

const by = (who: string) => ({
  requester: { jid: `${who}@x/phone`, messageType: 'chat' } as const,
});

/** A scheduler with one lifter, whose jobs take a second each. */
function busyOffice(slots: number) {
  const { scheduler, ledger, submit, succeed, pass, lifterOf, nextTerm } = office();
  scheduler.announced(one, announcement({ slots }));
  const running = () => [...ledger.entries()].filter(({ state }) => state.type === 'assigned');
  return {
    ...{ ledger, submit, running, lifterOf, nextTerm, pass },
    second() {
      pass(1_000);
      for (const { id } of running()) {
        succeed(id);
        scheduler.told(id);
      }
    },
  };
}

describe('giving slots to those who wait', () => {
  it('lets nobody wait for all of another’s 1,000 jobs: requesters take turns', () => {
    const { submit, second, lifterOf } = busyOffice(4);
    for (let job = 0; job < 1_000; job += 1) submit(by('greedy'));
    second();
    const late = submit(by('ada')).id;
    second();
    expect(lifterOf(late)).toBe(one);
  });

  it('runs a job of priority 0 beside as many of priority 1 as there are slots', () => {
    const { submit, second, lifterOf } = busyOffice(4);
    const urgent = () => submit({ ...by('vip'), priority: 1 });
    for (let job = 0; job < 8; job += 1) urgent();
    const ordinary = submit(by('bob')).id;
    let waited = 0;
    for (; waited < 3_600 && lifterOf(ordinary) === undefined; waited += 1) {
      for (let job = 0; job < 4; job += 1) urgent();
      second();
    }
    expect(waited).toBeGreaterThan(55);
    expect(waited).toBeLessThan(70);
  });

  it('knows under the next dispatcher whose turn it is', () => {
    const { submit, running, nextTerm, ledger, pass } = busyOffice(2);
    const jobs = ['greedy', 'greedy', 'greedy', 'ada', 'ada'].map((who) => submit(by(who)));
    pass(1);
    // Greedy has had both slots. Under the next one there is a third.
    expect(running().map(({ id }) => id)).toEqual(jobs.slice(0, 2).map(({ id }) => id));
    const next = nextTerm();
    next.announced(one, announcement({ slots: 3 }));
    const third = running().filter(({ id }) => !jobs.slice(0, 2).some((job) => job.id === id));
    expect(third.map(({ id }) => ledger.get(id)?.requester.jid)).toEqual(['ada@x/phone']);
  });
});
