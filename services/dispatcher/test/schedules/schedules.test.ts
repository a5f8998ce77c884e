import type { Schedule } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { createSchedules } from '../../src/schedules/schedules.js';

const minute = 60_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));

const everyMinute: Omit<Schedule, 'number'> = {
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@x', messageType: 'chat' },
  cron: '* * * * *',
  timeZone: 'UTC',
  created: 0,
  priority: 0,
  target: { type: 'any' },
};

/** Schedules over a node that only the test sees, at a time that only it moves on. */
function book(
  found: readonly Schedule[] = [],
  missedRuns: 'skip' | 'once' = 'skip',
  start = 0,
  msPerLook = 0,
) {
  let looks = 0;
  let now = start;
  let refuse = false;
  const node = new Map(found.map((schedule) => [schedule.number, schedule]));
  const brought: { job: string; at: number }[] = [];
  const notes: string[] = [];
  const schedules = createSchedules({
    found,
    epoch: 5,
    async store(schedule) {
      if (refuse) throw new Error('not now');
      node.set(schedule.number, schedule);
    },
    async discard(number) {
      node.delete(number);
    },
    async submit(_schedule, job, at) {
      brought.push({ job, at });
    },
    missedRuns,
    now: () => now,
    stopwatch() {
      looks += 1;
      return looks * msPerLook;
    },
    onNote: (_details, message) => notes.push(message),
  });
  return {
    schedules,
    node,
    brought,
    notes,
    refuse(value: boolean) {
      refuse = value;
    },
    async pass(ms: number) {
      now += ms;
      schedules.tick();
      await settled();
    },
  };
}

const is = (wanted: string) => (message: string) => message === wanted;

describe('a schedule', () => {
  it('brings a job each time it comes due, and notes that in the node', async () => {
    const { schedules, node, brought, pass } = book();
    expect(await schedules.add(everyMinute)).toMatchObject({
      schedule: { number: 1 },
      next: minute,
    });
    await pass(minute - 1);
    expect(brought).toEqual([]);
    await pass(1);
    await pass(minute);
    expect(brought.map(({ at }) => at)).toEqual([minute, 2 * minute]);
    expect(node.get(1)).toMatchObject({ last: 2 * minute });
    expect(schedules.standing()).toHaveLength(1);
  });

  it('is one for the same message, also before it is stored, and under the next dispatcher', async () => {
    const asked = { ...everyMinute, message: 'm' };
    const first = book();
    const stored = first.schedules.add(asked);
    expect(first.schedules.ofMessage(is('m'))).toBe(stored);
    expect(first.schedules.standing()).toHaveLength(1);
    const view = await stored;
    const second = book([...first.node.values()], 'skip', minute);
    expect(await second.schedules.ofMessage(is('m'))).toEqual(view);
    expect(second.schedules.ofMessage(is('n'))).toBeUndefined();
    expect(book([view.schedule], 'skip', 60 * minute).schedules.ofMessage(is('m'))).toBeUndefined();
  });

  it('that could not be stored is none', async () => {
    const { schedules, refuse } = book();
    refuse(true);
    await expect(schedules.add({ ...everyMinute, message: 'm' })).rejects.toThrow('not now');
    expect(schedules.ofMessage(is('m'))).toBeUndefined();
    expect(schedules.standing()).toHaveLength(0);
  });

  it('brings no more once it is taken off', async () => {
    const { schedules, node, brought, pass } = book();
    await schedules.add(everyMinute);
    expect(await schedules.remove(1)).toBe(true);
    expect(await schedules.remove(1)).toBe(false);
    await pass(minute);
    expect(brought).toEqual([]);
    expect(node.size).toBe(0);
  });

  it('brings the same job again when it could not note that it had', async () => {
    const { schedules, brought, pass, refuse } = book();
    await schedules.add(everyMinute);
    refuse(true);
    await pass(minute);
    refuse(false);
    await pass(10_000);
    expect(brought).toHaveLength(2);
    expect(brought[0]).toEqual(brought[1]);
  });

  it('is remembered by the node: the next dispatcher goes on where the last one stopped', async () => {
    const { brought, pass } = book([{ ...everyMinute, number: 4, last: minute }], 'skip', 90_000);
    await pass(30_000);
    expect(brought.map(({ at }) => at)).toEqual([2 * minute]);
  });
});

describe('runs that were missed', () => {
  const stored = [{ ...everyMinute, number: 1, last: minute }];

  it('are left out', async () => {
    const { brought, notes, node, pass } = book(stored, 'skip', 100 * minute + 70_000);
    await pass(0);
    // The latest is no more than a minute late, the others are.
    expect(brought.map(({ at }) => at)).toEqual([101 * minute]);
    expect(notes).toEqual([]);
    expect(node.get(1)).toMatchObject({ last: 101 * minute });
  });

  it('are left out, or made up for by one, if the latest is long over', async () => {
    const hourly = [{ ...everyMinute, cron: '0 * * * *', number: 1, last: 0 }];
    const skipping = book(hourly, 'skip', 150 * minute);
    await skipping.pass(0);
    expect(skipping.brought).toEqual([]);
    expect(skipping.notes).toEqual(['runs were missed']);
    const once = book(hourly, 'once', 150 * minute);
    await once.pass(0);
    expect(once.brought.map(({ at }) => at)).toEqual([120 * minute]);
    await once.pass(30 * minute);
    expect(once.brought.map(({ at }) => at)).toEqual([120 * minute, 180 * minute]);
  });
});

describe('a clock that was two hours ahead', () => {
  const hour = 3_600_000;
  const found = { ...everyMinute, number: 1, created: 0, last: 3 * hour };

  it('does not silence a schedule for two hours under a leader whose clock is right', async () => {
    const { brought, pass, node, notes } = book([found], 'skip', hour);
    await pass(minute);
    await pass(minute);
    expect(brought.map(({ at }) => at)).toEqual([hour + minute, hour + 2 * minute]);
    expect(node.get(1)).toMatchObject({ last: hour + 2 * minute, clockSet: hour });
    expect(notes).toEqual(['the last run is in the future: a clock was ahead']);
  });

  it('nor when it is put right under the same leader', async () => {
    const { brought, pass } = book([], 'skip', 3 * hour);
    const other = book([{ ...found, last: 3 * hour - minute }], 'skip', 3 * hour - 1);
    await other.pass(1);
    expect(other.brought).toHaveLength(1);
    await other.pass(-2 * hour);
    await other.pass(minute);
    expect(other.brought.map(({ at }) => at)).toEqual([3 * hour, hour + minute]);
    await pass(minute);
    expect(brought).toEqual([]);
  });

  it('does not keep runs from being brought whose time that clock had shown before', async () => {
    const early = book([{ ...found, last: hour }], 'skip', hour);
    await early.pass(minute);
    const right = book([{ ...found, last: 3 * hour }], 'skip', hour);
    await right.pass(minute);
    expect(right.brought[0]?.at).toBe(early.brought[0]?.at);
    expect(right.brought[0]?.job).not.toBe(early.brought[0]?.job);
  });

  it('that differs by less than a minute is none: no run is brought twice', async () => {
    const { brought, pass } = book([{ ...found, last: hour + 30_000 }], 'skip', hour);
    await pass(29_000);
    expect(brought).toEqual([]);
  });
});

describe('what an earlier leader does to the node late', () => {
  const read = (node: ReadonlyMap<number, Schedule>) => async () => [...node.values()];

  it('is put right: a schedule overwritten, brought back or taken off', async () => {
    const kept = { ...everyMinute, number: 1, epoch: 3, last: 5 * minute };
    const { schedules, node } = book([kept, { ...kept, number: 2 }], 'skip', 5 * minute);
    const { schedule } = await schedules.add({ ...everyMinute, created: 5 * minute });
    await schedules.remove(2);
    // It was to make a schedule too, noted a run of one that is gone since, and was told to take one off.
    node.set(3, { ...everyMinute, number: 3, epoch: 4, cron: '0 0 1 1 *' });
    node.set(2, { ...kept, number: 2, epoch: 4 });
    node.delete(1);
    expect([...(await schedules.verify(read(node)))].sort()).toEqual([1, 2, 3]);
    expect(node.get(1)).toEqual({ ...kept, epoch: 5 });
    expect(node.get(2)).toBeUndefined();
    expect(node.get(3)).toEqual(schedule);
    expect(await schedules.verify(read(node))).toEqual([]);
  });

  it('is not mistaken for what is being written meanwhile', async () => {
    const { schedules, node } = book();
    const before = [...node.values()];
    const put = await schedules.verify(async () => {
      await schedules.add(everyMinute);
      return before;
    });
    expect(put).toEqual([]);
    expect(node.size).toBe(1);
  });
});

describe('catching up', () => {
  const year = 365 * 24 * 60 * minute;
  const secondly = Array.from({ length: 50 }, (_, index) => ({
    ...everyMinute,
    cron: '* * * * * *',
    number: index + 1,
    last: 0,
  }));

  it.each(['skip', 'once'] as const)(
    'with 50 schedules of every second after a year away brings one run each (%s)',
    async (missedRuns) => {
      const { brought, pass } = book(secondly, missedRuns, year);
      await pass(0);
      // It may take several turns; each of them is short.
      for (let turns = 0; turns < 200 && brought.length < 50; turns += 1) await pass(0);
      expect(brought.map(({ at }) => at)).toEqual(secondly.map(() => year));
    },
  );

  it('takes no more of a turn than its share, and goes on in the next where it stopped', async () => {
    // Each look at the watch finds it 5 ms later.
    const { brought, pass } = book(secondly, 'once', year, 5);
    await pass(0);
    expect(brought.length).toBeGreaterThan(0);
    expect(brought.length).toBeLessThan(5);
    for (let turns = 0; turns < 50; turns += 1) await pass(0);
    expect(new Set(brought.map(({ job }) => job)).size).toBe(50);
  });
});

describe('a schedule of the node that cannot run', () => {
  const args = { text: 'x'.repeat(20_000) };
  const found: Schedule[] = [
    { ...everyMinute, number: 1, cron: `${'1,'.repeat(100_000)}1 * * * *` },
    { ...everyMinute, number: 2, cron: '? * * * *' },
    { ...everyMinute, number: 3, timeZone: 'Atlantis/Capital' },
    { ...everyMinute, number: 4, args },
    { ...everyMinute, number: 5, cron: '0 0 30 2 *' },
    { ...everyMinute, number: 6 },
  ];

  it('is named once, keeps no other from running, is never written, and can be taken off', async () => {
    const { schedules, node, brought, notes, pass } = book(found);
    await pass(minute);
    await pass(minute);
    expect(brought).toHaveLength(2);
    expect(notes).toEqual(
      [1, 2, 3, 4].map((number) => expect.stringContaining(`"unschedule ${number}"`)),
    );
    expect(schedules.all().map(({ problem }) => problem)).toEqual([
      expect.stringContaining('may take 16384 bytes'),
      expect.stringContaining('"?" is not known here'),
      expect.stringContaining('Atlantis/Capital'),
      expect.stringContaining('may take 16384 bytes'),
      undefined,
      undefined,
    ]);
    expect(node.get(1)).toBe(found[0]);
    expect(await schedules.remove(1)).toBe(true);
    expect(schedules.all()).toHaveLength(5);
  });
});
