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
function book(found: readonly Schedule[] = [], missedRuns: 'skip' | 'once' = 'skip', start = 0) {
  let now = start;
  let refuse = false;
  const node = new Map(found.map((schedule) => [schedule.number, schedule]));
  const brought: { job: string; at: number }[] = [];
  const notes: string[] = [];
  const schedules = createSchedules({
    found,
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
    expect(schedules.ofRequester('ada@x')).toBe(1);
  });

  it('is one for the same message, also before it is stored, and under the next dispatcher', async () => {
    const asked = { ...everyMinute, message: 'm' };
    const first = book();
    const stored = first.schedules.add(asked);
    expect(first.schedules.ofMessage(is('m'))).toBe(stored);
    expect(first.schedules.ofRequester('ada@x')).toBe(1);
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
    expect(schedules.ofRequester('ada@x')).toBe(0);
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
