import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, storyOf } from '../src/check.js';
import type { Observation } from '../src/history.js';
import { passed } from '../src/report.js';

/** A job's whole life, as it should be: asked at `at`, told 10 later. */
const life = (job: string, at: number): Observation[] => [
  { type: 'asked', at, request: `r-${job}`, text: 'work' },
  { type: 'answered', at: at + 1, request: `r-${job}`, job, text: 'Scheduled' },
  started(job, at + 2),
  { type: 'ended', at: at + 5, run: `${job}-1`, how: 'returned' },
  { type: 'result', at: at + 6, job, status: 'succeeded', attempt: 1, item: `i-${job}` },
  told(job, at + 10),
];
const started = (job: string, at: number, attempt = 1, pid = 1) =>
  ({
    type: 'started',
    at,
    run: `${job}-${attempt}`,
    job,
    attempt,
    request: `r-${job}`,
    pid,
    parent: pid + 100,
  }) satisfies Observation;
const told = (job: string, at: number, message = `told-${job}`): Observation => ({
  type: 'told',
  at,
  job,
  state: 'succeeded',
  message,
  request: `r-${job}`,
});
const without = (history: readonly Observation[], type: Observation['type']): Observation[] =>
  history.filter((each) => each.type !== type);

describe('a history in which all is well', () => {
  it('has no findings, however the lives of its jobs mix and in whatever order it was noted', () => {
    const histories = fc.uniqueArray(fc.integer({ min: 0, max: 50 })).chain((starts) =>
      fc.shuffledSubarray(
        starts.flatMap((at, index) => life(`job${index}`, at)),
        { minLength: starts.length * 6 },
      ),
    );
    fc.assert(
      fc.property(histories, (history) => {
        const { lost, unexpected, doubled, counts } = check(history);
        expect([lost, unexpected, doubled]).toEqual([[], [], []]);
        expect(counts.told).toBe(counts.accepted);
        expect(counts.reexecutions).toBe(0);
      }),
    );
  });
});

describe('lost', () => {
  it('is what was accepted and never told', () => {
    const history = [...life('a', 0), ...without(life('b', 5), 'told')];
    expect(check(history).lost.map(({ job }) => job)).toEqual(['b']);
  });

  it('is nothing that was only asked for: its answer is unknown', () => {
    const { lost, counts } = check(life('a', 0).slice(0, 1));
    expect(lost).toEqual([]);
    expect(counts.unanswered).toBe(1);
  });

  it('is what a program asks for, again and again, and is never answered', () => {
    const [asked] = life('a', 0);
    const history = asked?.type === 'asked' ? [{ ...asked, persists: true }] : [];
    const { lost, counts } = check(history);
    expect(lost).toMatchObject([{ text: expect.stringContaining('never answered') }]);
    expect(counts.open).toBe(1);
  });

  it('may be put down to a server that was killed just after, and to no other', () => {
    const history = without(life('a', 1_000), 'told');
    const killed = (at: number): Observation => ({
      type: 'server-killed',
      at,
      forgetsMs: 3_000,
    });
    expect(check([...history, killed(2_000)]).lost).toEqual([]);
    expect(check([...history, killed(2_000)]).lostByServer).toHaveLength(1);
    expect(check([...history, killed(20_000)]).lost).toHaveLength(1);
  });
});

describe('unexpected', () => {
  it.each(['told', 'started', 'answered'] as const)('is a job %s that nobody asked for', (type) => {
    const history = life('a', 0).filter((each) => each.type === type);
    expect(check(history).unexpected.map(({ job }) => job)).toEqual(['a']);
  });

  it('is no job whose request was sent, though its answer was lost', () => {
    expect(check(without(life('a', 0), 'answered')).unexpected).toEqual([]);
  });
});

describe('doubled', () => {
  const overlap = [...without(life('a', 0), 'ended'), started('a', 4, 2, 2)];

  it('is a second attempt while the first one runs', () => {
    expect(check(overlap).doubled).toHaveLength(1);
  });

  it.each([1, 101])(
    'is no attempt after the process of the one before, or its lifter, has ended',
    (pid) => {
      const death: Observation = { type: 'process', at: 3, name: 'l', pid, ended: 'SIGKILL' };
      const { doubled, counts } = check([...overlap, death]);
      expect(doubled).toEqual([]);
      expect(counts.reexecutions).toBe(1);
    },
  );

  it('is an attempt beside a handler that outlived its lifter', () => {
    const death: Observation = { type: 'process', at: 3, name: 'l', pid: 101, ended: 'SIGKILL' };
    const end: Observation = { type: 'ended', at: 9, run: 'a-1', how: 'returned' };
    expect(check([...overlap, death, end]).doubled).toHaveLength(1);
  });

  it('is no attempt after one that began just when its lifter had died, and ended with that', () => {
    // Its process is nobody's child any more.
    const orphan: Observation = { ...started('a', 21), parent: 1 };
    const history: Observation[] = [
      ...life('b', 0),
      { type: 'process', at: 20, name: 'l', pid: 101, ended: 'SIGKILL' },
      orphan,
      started('a', 30, 2, 2),
    ];
    expect(check(history).doubled).toEqual([]);
    const end: Observation = { type: 'ended', at: 31, run: 'a-1', how: 'returned' };
    expect(check([...history, end]).doubled).toHaveLength(1);
  });

  it('is no second attempt while somebody is cut off; that is counted', () => {
    const cut: Observation = { type: 'isolation', at: 0, until: 100, why: 'cut' };
    const { doubled, counts } = check([...overlap, cut]);
    expect(doubled).toEqual([]);
    expect(counts.isolatedOverlaps).toBe(1);
  });

  it('is a second attempt all the same, if only others are cut off', () => {
    const lifter = (name: string, pid: number): Observation => ({
      type: 'process',
      at: 0,
      name,
      pid,
    });
    const lifters = [lifter('lifter-1', 101), lifter('lifter-2', 102)];
    const cut = (name: string): Observation[] => [
      ...overlap,
      ...lifters,
      { type: 'isolation', at: 0, until: 100, why: 'cut', who: [name] },
    ];
    for (const name of ['lifter-1', 'lifter-2']) expect(check(cut(name)).doubled).toEqual([]);
    expect(check(cut('dispatcher-1')).doubled).toHaveLength(1);
  });

  it('is a job that runs while another one of its key does', () => {
    const other = life('b', 2).map((each) =>
      each.type === 'started' ? { ...each, key: 1 } : each,
    );
    const one = life('a', 0).map((each) => (each.type === 'started' ? { ...each, key: 1 } : each));
    expect(check([...one, ...life('b', 2)]).doubled).toEqual([]);
    expect(check([...one, ...other]).doubled).toMatchObject([{ job: 'b' }]);
  });

  it('is no part of a job for all lifters', () => {
    const [asked, ...rest] = life('a', 0);
    if (asked?.type !== 'asked') throw new Error('nobody asked');
    const part = { ...started('part', 3), request: asked.request };
    expect(check([asked, ...rest, part]).doubled).toHaveLength(1);
    expect(check([{ ...asked, text: 'work on all' }, ...rest, part]).doubled).toEqual([]);
  });

  it('is an outcome in two messages, and not the same message twice, which is counted', () => {
    expect(check([...life('a', 0), told('a', 20, 'other')]).doubled).toHaveLength(1);
    const { doubled, repeated } = check([...life('a', 0), told('a', 20)]);
    expect(doubled).toEqual([]);
    expect(repeated).toMatchObject([{ job: 'a', text: '2 messages on its outcome' }]);
  });

  it('is a second job of one request', () => {
    const other: Observation = {
      type: 'answered',
      at: 3,
      request: 'r-a',
      job: 'b',
      text: 'Scheduled',
    };
    expect(check([...life('a', 0), other, told('b', 9)]).doubled.map(({ job }) => job)).toContain(
      'b',
    );
  });
});

describe('what is counted', () => {
  it('takes an attempt after one that failed for no re-execution', () => {
    const failed: Observation = { type: 'ended', at: 3, run: 'a-1', how: 'failed' };
    const history = [...without(life('a', 0), 'ended'), failed, started('a', 7, 2)];
    expect(check(history).counts).toMatchObject({ runs: 2, reexecutions: 0 });
  });

  it('takes the same result in another item for a second one', () => {
    const again: Observation = {
      type: 'result',
      at: 8,
      job: 'a',
      status: 'succeeded',
      attempt: 1,
      item: 'other',
    };
    expect(check([...life('a', 0), again]).secondResults).toHaveLength(1);
  });
});

describe('a run', () => {
  it('fails if somebody is told again, or there is a second result, and nothing in it may cause that', () => {
    const again = check([...life('a', 0), told('a', 20)]);
    expect(passed(again)).toBe(false);
    expect(passed(again, ['secondResults'])).toBe(false);
    expect(passed(again, ['repeated'])).toBe(true);
    const heard: Observation = { type: 'heard', at: 30, job: 'a' };
    expect(passed(check([...life('a', 0), heard]))).toBe(false);
  });
});

describe('the story of a job', () => {
  it('is all that is known of it, its request and the ends of its runs included, in order', () => {
    const history = [...life('b', 1), ...life('a', 0)].toReversed();
    expect(storyOf('a', history).map(({ type }) => type)).toEqual([
      'asked',
      'answered',
      'started',
      'ended',
      'result',
      'told',
    ]);
  });
});
